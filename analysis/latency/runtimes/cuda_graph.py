"""PyTorch on a CUDA device as one CUDA graph: all kernels of a pass, launched at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prunescope.errors import CannotCapture
from prunescope.latency.runtimes.cuda import CudaRuntime

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch
    from torch import nn


class CudaGraphRuntime(CudaRuntime):
    """What small batches take where launching kernels takes longer than running them."""

    name = "cuda-graph"
    title = "PyTorch CUDA graph"
    rank = 11

    def prepared(
        self, call: Callable[[], object], module: nn.Module, device: torch.device
    ) -> Callable[[], object]:
        """Return the replay of ``call``, recorded after it has run on a stream of its own."""
        import torch

        del module
        side = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream(device))
        with torch.cuda.stream(side):
            for _ in range(3):
                call()
        torch.cuda.current_stream(device).wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph):
                call()
        except RuntimeError as error:  # an operator that waits for the device
            cause = (str(error).splitlines() or [type(error).__name__])[0][:200].rstrip(".")
            raise CannotCapture(f"A CUDA graph cannot record this model: {cause}.") from error
        return graph.replay


RUNTIME = CudaGraphRuntime()
