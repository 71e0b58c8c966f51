"""OpenVINO on the processor: the networks of the runtime ``onnx``, compiled by Intel's library."""

from __future__ import annotations

from pathlib import Path

from prunescope.errors import CannotCapture
from prunescope.latency.runtimes.onnx import OnnxCompiler, OnnxRuntime
from prunescope.latency.runtimes.runtime import Call, Compiler, Workload


class OpenVinoRuntime(OnnxRuntime):
    """ONNX files, dense and pruned alike, as OpenVINO compiles them.

    Timed only when it is asked for: compiling takes seconds for each network.
    """

    name = "openvino"
    title = "OpenVINO"
    rank = 3
    usual = False

    def version(self) -> str:
        """Return OpenVINO's version."""
        import openvino

        return str(openvino.__version__).partition("-")[0]

    def unavailable(self) -> str | None:
        """Say where the package is missing."""
        from prunescope.export.formats.openvino import missing

        return missing()

    def compiler(self, workload: Workload) -> Compiler:
        """Return what exports the dense network once, resizes its file, and compiles each."""
        return OpenVinoCompiler(workload)


class OpenVinoCompiler(OnnxCompiler):
    """Files of one dense network and of smaller ones, compiled."""

    def _call(self, path: Path) -> Call:
        from torch import Tensor
        from torch.utils import _pytree as pytree

        from prunescope.capture.graph import call_arguments
        from prunescope.export.formats.openvino import Compiled

        args, kwargs = pytree.tree_map(
            lambda x: x.numpy(force=True) if isinstance(x, Tensor) else x,
            call_arguments(self._workload.inputs),
        )
        try:
            call = Compiled(path, self._workload.threads).prepared(args, kwargs)
            call()
        except Exception as error:  # OpenVINO's errors share no type
            cause = (str(error).strip().splitlines() or [type(error).__name__])[-1][:300]
            raise CannotCapture(f"OpenVINO cannot run this model: {cause.rstrip('.')}.") from error
        return call


RUNTIME = OpenVinoRuntime()
