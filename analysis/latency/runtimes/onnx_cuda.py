"""ONNX Runtime's CUDA provider: the networks of the runtime ``onnx``, on an NVIDIA GPU."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from prunescope.errors import CannotCapture
from prunescope.latency.runtimes.cuda import KIND, CudaRuntime
from prunescope.latency.runtimes.onnx import OnnxCompiler, OnnxRuntime, prepared_session
from prunescope.latency.runtimes.runtime import Call, Compiler, Workload

if TYPE_CHECKING:
    from torch import nn

PROVIDER: Final = "CUDAExecutionProvider"


class OnnxCudaRuntime(OnnxRuntime):
    """Sessions whose inputs and outputs lie on the GPU; the provider is ``onnxruntime-gpu``'s."""

    name = "onnx-cuda"
    title = "ONNX Runtime CUDA"
    rank = 13
    usual = False
    widths = CudaRuntime.widths

    def unavailable(self) -> str | None:
        """Say where the package lacks the provider, or the machine the device."""
        if importlib.util.find_spec("onnxruntime") is None:
            return super().unavailable()
        import onnxruntime

        if PROVIDER not in onnxruntime.get_available_providers():
            return (
                f"Expected an ONNX Runtime with {PROVIDER}, but the one here has "
                f"{', '.join(onnxruntime.get_available_providers())}. pip install onnxruntime-gpu."
            )
        return CudaRuntime().unavailable()

    def device(self, dense: nn.Module) -> str:
        """Return the name of the device."""
        return CudaRuntime().device(dense)

    def conditions(self) -> str:
        """Return the device's clocks now."""
        return CudaRuntime().conditions()

    def compiler(self, workload: Workload) -> Compiler:
        """Return what exports the dense network once, resizes its file, and opens each there."""
        return OnnxCudaCompiler(workload)


class OnnxCudaCompiler(OnnxCompiler):
    """Files of one dense network and of smaller ones, as sessions on the GPU."""

    def _final(self, path: Path, call: Call | None = None) -> Call:
        del call  # on the processor
        opened, arrays = prepared_session(
            path, self._workload.inputs, self._workload.threads, (PROVIDER, "CPUExecutionProvider")
        )
        return bound_call(opened, arrays)


def bound_call(opened: Any, arrays: dict[str, Any]) -> Call:
    """Return a run of the session with inputs and outputs on its device, done when it returns.

    Raises:
        CannotCapture: The session runs on the processor after all.
    """
    import onnxruntime

    if PROVIDER not in opened.get_providers():
        raise CannotCapture(
            "ONNX Runtime opens this model on the processor only: its CUDA libraries cannot be "
            "loaded."
        )
    binding = opened.io_binding()
    for name, array in arrays.items():
        there = onnxruntime.OrtValue.ortvalue_from_numpy(array, KIND, 0)
        binding.bind_ortvalue_input(name, there)
    for each in opened.get_outputs():
        binding.bind_output(each.name, KIND)

    def call() -> None:
        opened.run_with_iobinding(binding)
        binding.synchronize_outputs()

    call()
    return call


RUNTIME = OnnxCudaRuntime()
