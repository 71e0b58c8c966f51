"""ONNX Runtime in 8-bit integers: the networks of the runtime ``onnx``, quantised."""

from __future__ import annotations

from pathlib import Path

from prunescope.latency.runtimes.onnx import OnnxCompiler, OnnxRuntime, onnx_call
from prunescope.latency.runtimes.runtime import Call, Compiler, Workload


class OnnxInt8Runtime(OnnxRuntime):
    """Sessions on quantised files, dense and pruned alike, as the format ``onnx-int8`` has them.

    The batch that is timed sets the ranges: times hardly depend on them. Timed only when it is
    asked for, since quantising takes seconds for each network.
    """

    name = "onnx-int8"
    title = "ONNX Runtime int8"
    rank = 2
    usual = False

    def compiler(self, workload: Workload) -> Compiler:
        """Return what exports the dense network once, resizes its file, and quantises each."""
        return Int8Compiler(workload)


class Int8Compiler(OnnxCompiler):
    """Files of one dense network and of smaller ones, quantised, as sessions."""

    @property
    def slow(self) -> bool:
        """Always: quantising takes longer than timing."""
        return True

    def _final(self, path: Path, call: Call | None = None) -> Call:
        from prunescope.export.quantise_onnx import calibration_feeds, quantise

        del call  # of the floats
        rounded = path.with_name(f"{path.stem}.int8.onnx")
        try:
            quantise(path, rounded, calibration_feeds(path, self._workload.inputs))
            return onnx_call(rounded, self._workload.inputs, self._workload.threads)
        finally:
            rounded.unlink(missing_ok=True)


RUNTIME = OnnxInt8Runtime()
