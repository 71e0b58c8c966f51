"""ONNX Runtime: networks exported to ONNX files, or the reason why it cannot run them."""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prunescope.errors import CannotCapture
from prunescope.latency.runtimes.runtime import Call, Compiler, Runtime, Workload

if TYPE_CHECKING:
    from torch import nn

    from prunescope.capture.graph import Captured, Inputs
    from prunescope.latency.table.resize_onnx import Resizer
    from prunescope.removal import Removal


class OnnxRuntime(Runtime):
    """Sessions on ONNX files.

    Its share of a table is larger: the dense network is exported first, and its times jump, so
    that it takes more models to learn them.
    """

    name = "onnx"
    title = "ONNX Runtime"
    rank = 1
    effort = 3.0

    def version(self) -> str:
        """Return ONNX Runtime's version."""
        import onnxruntime

        return str(onnxruntime.__version__)

    def unavailable(self) -> str | None:
        """Say where the package is missing."""
        if importlib.util.find_spec("onnxruntime") is None:
            return "Expected the package onnxruntime, but it is missing. pip install onnxruntime."
        return None

    def device(self, dense: nn.Module) -> str:
        """Return the processor, wherever torch computes: sessions are made for it."""
        from prunescope.bench.device import HOST

        del dense
        return str(HOST)

    def compile(self, module: nn.Module, workload: Workload) -> Call:
        """Return a run of ``module``'s file; see ``OnnxCompiler``."""
        return self.compiler(workload).compile(module)

    def compiler(self, workload: Workload) -> Compiler:
        """Return what exports the dense network once and resizes its file."""
        return OnnxCompiler(workload)


class OnnxCompiler:
    """Files of one dense network and of smaller ones, as sessions.

    Exporting takes seconds. So the dense network's file serves all of its copies, and smaller
    ones are cut from it as long as what comes out equals the smaller network.

    Attributes:
        exports: Networks that torch's exporter was needed for.
        resizer: What cuts the dense network's file; None before the first smaller one, and after
            a cut file computed something else.
    """

    def __init__(self, workload: Workload) -> None:
        self.exports = 0
        self.resizer: Resizer | None = None
        self._resizable = True
        self._workload = workload
        self._folder = Path(tempfile.mkdtemp(prefix="prunescope-latency-"))
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)

    @property
    def slow(self) -> bool:
        """Whether more than the dense network had to be exported."""
        return self.exports > 1

    def compile(self, module: nn.Module, removal: Removal | None = None) -> Call:
        """Return a run of ``module``'s file; see ``Compiler``."""
        dense = self._folder / "dense.onnx"
        if module is self._workload.dense:
            if not dense.exists():
                self._export(module, dense)
            return self._final(dense)
        smaller = self._folder / "smaller.onnx"
        try:
            if removal and self._resizable and dense.exists():
                self.resizer = self.resizer or self._make_resizer(dense)
                smaller.write_bytes(self.resizer.smaller(removal))
                call = self._checked(smaller, module)
                if call is not None:
                    return self._final(smaller, call)
                self.resizer, self._resizable = None, False  # from here on, all are exported
            self._export(module, smaller)
            return self._final(smaller)
        finally:
            smaller.unlink(missing_ok=True)

    def _make_resizer(self, path: Path) -> Resizer:
        from prunescope.capture.graph import batch_size
        from prunescope.latency.table.resize_onnx import Resizer

        batch = batch_size(self._workload.inputs)
        return Resizer(self._captured(self._workload.dense), path, batch)

    def _export(self, module: nn.Module, path: Path) -> None:
        from prunescope.export.formats import pt2
        from prunescope.export.write_onnx import write_onnx

        write_onnx(pt2.exported(self._captured(module)), path)
        self.exports += 1

    def _captured(self, module: nn.Module) -> Captured:
        import torch
        from torch import fx

        from prunescope.capture.graph import Captured, batch_size, take

        if not isinstance(module, fx.GraphModule):
            raise CannotCapture(
                f"ONNX is made from the model's graph, and there is none: {self._workload.problem}"
            )
        inputs = self._workload.inputs
        return Captured(module, take(inputs, torch.arange(2) % batch_size(inputs)))

    def _final(self, path: Path, call: Call | None = None) -> Call:
        """The call that is timed, of a file whose own ``call`` may have been made already."""
        return call or self._call(path)

    def _call(self, path: Path) -> Call:
        return onnx_call(path, self._workload.inputs, self._workload.threads)

    def _checked(self, path: Path, smaller: nn.Module) -> Call | None:
        """The session of a resized file, or None unless it computes the smaller network."""
        import torch

        from prunescope.capture.network import forward
        from prunescope.latency.table.resize_onnx import agrees, leaves

        try:
            call = self._call(path)
            outputs = call()
        except CannotCapture:
            return None
        with torch.inference_mode():
            wanted = leaves(forward(smaller, self._workload.inputs))
        return call if agrees(outputs, wanted) else None


def onnx_call(path: Path, inputs: Inputs, threads: int) -> Call:
    """Return one run of the file in ``path`` on the batch ``inputs``; it has run once already.

    Args:
        path: The ONNX file; not needed any more afterwards.
        inputs: As they are passed to the model.
        threads: That ONNX Runtime may use.

    Raises:
        CannotCapture: ONNX Runtime lacks an operator for the model's types, or NumPy a type.
    """
    opened, arrays = prepared_session(path, inputs, threads)
    return lambda: opened.run(None, arrays)


def prepared_session(
    path: Path, inputs: Inputs, threads: int, providers: tuple[str, ...] = ("CPUExecutionProvider",)
) -> tuple[Any, dict[str, Any]]:
    """Return a session on the file in ``path`` that has run once, and its inputs as arrays.

    Args:
        path: The ONNX file; not needed any more afterwards.
        inputs: As they are passed to the model.
        threads: That ONNX Runtime may use.
        providers: What computes, the first one that can.

    Raises:
        CannotCapture: ONNX Runtime lacks an operator for the model's types, or NumPy a type.
    """
    from torch import Tensor
    from torch.utils import _pytree as pytree

    from prunescope.capture.graph import call_arguments
    from prunescope.export.onnx_sessions import feed, session

    try:
        opened = session(path, threads, providers)
        args, kwargs = pytree.tree_map(
            lambda x: x.numpy(force=True) if isinstance(x, Tensor) else x, call_arguments(inputs)
        )
        arrays: Any = feed(opened, args, kwargs)
        opened.run(None, arrays)
    except Exception as error:  # ONNX Runtime's errors share no type
        told = str(error).replace(f"Load model from {path} failed:", "")  # a file that is gone
        cause = (told.splitlines() or [type(error).__name__])[0][:300].rstrip(".")
        raise CannotCapture(f"ONNX Runtime cannot run this model: {cause}.") from error
    return opened, arrays


RUNTIME = OnnxRuntime()
