"""The fresh process: load one exported file, run what it is given, say what its weights are.

``python -m prunescope.export.reload_worker FORMAT FILE RECIPE THREADS`` answers one JSON line per
JSON line: ``{"load": true}`` → versions; ``{"run": FILE, "call": STRUCTURE, "into": FILE}`` → how
many tensors came out; ``{"weights": FILE}`` → writes where every weight is zero. Only what a format
needs is imported: an ONNX file is run without torch.
"""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from prunescope.export.nested_tensors import unpack


class Loaded(Protocol):
    """An exported file, loaded."""

    def versions(self) -> dict[str, str]:
        """Return the versions of what loaded it."""

    def run(self, source: Path, structure: dict[str, Any], target: Path) -> int:
        """Call the model with the tensors in ``source``; write all tensors it returns."""

    def weights(self) -> tuple[str, int, dict[str, np.ndarray]]:
        """Return hash (or an empty text), bytes, and where each weight is zero."""


class LoadedModule:
    """A file that becomes a torch module."""

    def __init__(self, kind: str, file: Path, recipe: Path, threads: int) -> None:
        import torch

        torch.set_num_threads(threads)
        if kind == "pt2":
            from prunescope.export.formats.pt2 import load

            self.module = load(file)
            return
        from prunescope.export.recipe import read_recipe

        if kind == "safetensors":
            from prunescope.export.formats import safetensors

            self.module = safetensors.load(file, read_recipe(recipe))
        else:
            from prunescope.export.replay_recipe import replay

            weights = recipe.with_name("model.safetensors")
            self.module = replay(read_recipe(file), weights if weights.is_file() else None)

    def versions(self) -> dict[str, str]:
        """Return torch's version."""
        import torch

        return {"torch": str(torch.__version__)}

    def run(self, source: Path, structure: dict[str, Any], target: Path) -> int:
        """Call the module without gradients."""
        import torch
        from safetensors.torch import load_file, save_file
        from torch.utils import _pytree as pytree

        args, kwargs = unpack(structure, load_file(source))
        with torch.inference_mode():
            outputs = pytree.tree_leaves(self.module(*args, **kwargs))
        found = [leaf for leaf in outputs if isinstance(leaf, torch.Tensor)]
        save_file({str(i): leaf.clone().contiguous() for i, leaf in enumerate(found)}, target)
        return len(found)

    def weights(self) -> tuple[str, int, dict[str, np.ndarray]]:
        """Return hash, bytes and zeros of parameters and saved buffers."""
        from prunescope.export.tensors import (
            saved_tensors,
            tensor_bytes,
            weights_sha256,
            zero_patterns,
        )

        tensors = saved_tensors(self.module)
        return weights_sha256(tensors), tensor_bytes(tensors), zero_patterns(tensors)


class LoadedOnnx:
    """A file that ONNX Runtime runs."""

    def __init__(self, file: Path, threads: int) -> None:
        from prunescope.export.formats.onnx import session
        from prunescope.fence.onnx_files import read_onnx

        read_onnx(file)
        self._file = file
        self._session = session(file, threads)

    def versions(self) -> dict[str, str]:
        """Return ONNX Runtime's version."""
        import onnxruntime

        return {"onnxruntime": str(onnxruntime.__version__)}

    def run(self, source: Path, structure: dict[str, Any], target: Path) -> int:
        """Run the session on arrays."""
        from safetensors.numpy import load_file, save_file

        from prunescope.export.formats.onnx import feed

        args, kwargs = unpack(structure, load_file(source))
        outputs = self._session.run(None, feed(self._session, args, kwargs))
        save_file({str(i): np.ascontiguousarray(a) for i, a in enumerate(outputs)}, target)
        return len(outputs)

    def weights(self) -> tuple[str, int, dict[str, np.ndarray]]:
        """Return bytes and zeros of the constants; no hash, since folding changes values."""
        from prunescope.export.formats.onnx import weights

        arrays = weights(self._file)
        size = sum(array.nbytes for array in arrays.values())
        return "", size, {name: array == 0 for name, array in arrays.items()}


def answer(loaded: Loaded, request: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to one ``request``."""
    if "run" in request:
        target = Path(request["into"])
        return {"outputs": loaded.run(Path(request["run"]), request["call"], target)}
    if "weights" in request:
        from safetensors.numpy import save_file

        digest, size, zeros = loaded.weights()
        packed = {name: np.packbits(pattern) for name, pattern in zeros.items()}
        save_file(packed, request["weights"])
        shapes = {name: list(pattern.shape) for name, pattern in zeros.items()}
        return {"sha256": digest, "bytes": size, "shapes": shapes}
    return {"versions": loaded.versions()}


def main(arguments: list[str]) -> None:
    """Serve one file until the parent closes its end."""
    kind, file, recipe, threads = arguments
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever libraries print is no answer
    loaded: Loaded = (
        LoadedOnnx(Path(file), int(threads))
        if kind == "onnx"
        else LoadedModule(kind, Path(file), Path(recipe), int(threads))
    )
    for request in _requests():
        replies.write(json.dumps(answer(loaded, request)) + "\n")
        replies.flush()


def _requests() -> Iterator[dict[str, Any]]:
    for line in sys.stdin:
        yield json.loads(line)


if __name__ == "__main__":
    main(sys.argv[1:])
