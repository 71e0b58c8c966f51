"""The parent's end of the fresh process: an exported file that can be called like a module."""

import json
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
from safetensors.numpy import load_file as load_arrays
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from prunescope.bench.device import on_host
from prunescope.capture.graph import Inputs, call_arguments
from prunescope.errors import PrunescopeError
from prunescope.sources.nested_tensors import pack

_WORKER: Final = "prunescope.export.reload_worker"
_PATIENCE: Final = 1800.0
"""Seconds after which a silent process counts as hung."""


class ReloadError(PrunescopeError):
    """An exported file that does not load or run in a fresh process."""


class Reloaded(nn.Module):
    """A file in a process of its own; calling it runs the file there.

    Args:
        kind: The module that holds the format.
        file: The exported file.
        recipe: The recipe beside it.
        threads: That the process may use.
        outputs: What the model in memory returns for some batch: gives the nesting of outputs.
        study: The folder of the recipe's study, which may keep the dense model and the data.
    """

    def __init__(
        self,
        kind: str,
        file: Path,
        recipe: Path,
        threads: int,
        outputs: Any,
        study: Path | None = None,
    ) -> None:
        super().__init__()
        self._leaves, self._spec = pytree.tree_flatten(outputs)
        self._folder = tempfile.TemporaryDirectory(prefix="prunescope-reload-")
        self._complaints = Path(self._folder.name) / "complaints"
        with self._complaints.open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", _WORKER, kind, file, recipe, str(threads),
                 study or ""],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
            )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        self._process.wait()
        self._folder.cleanup()

    def versions(self) -> dict[str, str]:
        """Return the versions of what loaded the file; raises ``ReloadError`` if nothing did."""
        found: dict[str, str] = self._ask({"load": True})["versions"]
        return found

    def zeros(self) -> tuple[str, int, dict[str, np.ndarray]]:
        """Return the weights' hash (may be empty), their bytes, and where each of them is zero."""
        path = Path(self._folder.name) / "zeros"
        answer = self._ask({"weights": str(path)})
        packed = load_arrays(path)
        patterns = {
            name: np.unpackbits(packed[name], count=int(np.prod(shape))).reshape(shape).astype(bool)
            for name, shape in answer["shapes"].items()
        }
        return answer["sha256"], answer["bytes"], patterns

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Return the file's outputs in the nesting of the model in memory."""
        structure, tensors = pack((args, kwargs))
        source, target = (Path(self._folder.name) / name for name in ("inputs", "outputs"))
        save_file({name: on_host(t).contiguous().clone() for name, t in tensors.items()}, source)
        answer = self._ask({"run": str(source), "call": structure, "into": str(target)})
        found = load_file(target)
        wanted = sum(isinstance(leaf, Tensor) for leaf in self._leaves)
        if answer["outputs"] != wanted:
            raise ReloadError(f"it returns {answer['outputs']} tensors instead of {wanted}")
        order = iter(range(wanted))
        leaves = [
            found[str(next(order))] if isinstance(leaf, Tensor) else leaf for leaf in self._leaves
        ]
        return pytree.tree_unflatten(leaves, self._spec)

    def seconds(self, inputs: Inputs) -> float:
        """Return the median time of a forward pass of ``inputs``, without passing them on."""
        structure, tensors = pack(call_arguments(inputs))
        source = Path(self._folder.name) / "inputs"
        save_file({name: on_host(t).contiguous().clone() for name, t in tensors.items()}, source)
        return float(self._ask({"time": str(source), "call": structure})["seconds"])

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise ReloadError("its process has no pipes")
        guard = threading.Timer(_PATIENCE, self._process.kill)
        guard.start()
        try:
            stdin.write(json.dumps(request) + "\n")
            stdin.flush()
            line = stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            guard.cancel()
        if not line:
            raise ReloadError(self._complaint())
        reply: dict[str, Any] = json.loads(line)
        return reply

    def _complaint(self) -> str:
        self._process.wait()
        text = self._complaints.read_text(errors="replace").strip()
        last = text.splitlines()[-1] if text else f"exit code {self._process.returncode}"
        return last[:300]
