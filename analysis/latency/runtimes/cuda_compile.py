"""PyTorch on a CUDA device, compiled by ``torch.compile``: operators fused into new kernels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prunescope.errors import CannotCapture
from prunescope.latency.runtimes.cuda import CudaRuntime

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch
    from torch import nn


class CudaCompileRuntime(CudaRuntime):
    """Compiling takes a minute for each network, so its tables are small."""

    name = "cuda-compile"
    title = "PyTorch CUDA compiled"
    rank = 12

    def prepared(
        self, call: Callable[[], object], module: nn.Module, device: torch.device
    ) -> Callable[[], object]:
        """Return ``call`` once its network is compiled."""
        import torch

        del device
        module.compile(dynamic=False)
        try:
            call()
        except Exception as error:  # the compiler's errors share no type
            torch._dynamo.reset()
            cause = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
            raise CannotCapture(
                f"torch.compile cannot compile this model: {cause.rstrip('.')}."
            ) from error
        return call


RUNTIME = CudaCompileRuntime()
