"""PyTorch on a CUDA device, operator by operator, timed by the device's own events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prunescope.latency.runtimes.runtime import Call, Runtime, VectorWidths, Workload

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch
    from torch import nn

KIND: Final = "cuda"
_WARMING: Final = 3


class CudaRuntime(Runtime):
    """A copy of the network on the CUDA device in use, else the first, wherever the study's lies.

    Timed only when it is asked for. A pass is what lies in the device's queue between two events:
    inputs are there already.
    """

    name = "cuda"
    title = "PyTorch CUDA"
    rank = 10
    usual = False
    widths = VectorWidths((64, 32, 16, 8), (64, 32, 16, 8))

    def version(self) -> str:
        """Return torch's version, build included."""
        import torch

        return str(torch.__version__)

    def unavailable(self) -> str | None:
        """Say where there is no such device."""
        from prunescope.bench.device import device_of_kind
        from prunescope.errors import BadValue

        try:
            device_of_kind(KIND)
        except BadValue as error:
            return str(error)
        return None

    def device(self, dense: nn.Module) -> str:
        """Return the name of the device."""
        from prunescope.bench.device import device_of_kind, device_title

        del dense
        return KIND if self.unavailable() else device_title(device_of_kind(KIND))

    def conditions(self) -> str:
        """Return the device's clocks now."""
        from prunescope.bench.device import device_of_kind
        from prunescope.latency.gpu_clocks import gpu_clocks

        return "" if self.unavailable() else gpu_clocks(device_of_kind(KIND).index or 0)

    def compile(self, module: nn.Module, workload: Workload) -> Call:
        """Return a call of a copy of ``module`` on the device, warmed up."""
        import copy

        import torch
        from torch import fx

        from prunescope.bench.device import device_of_kind, move
        from prunescope.bench.placement import name_device
        from prunescope.capture.graph import call_arguments
        from prunescope.latency.device_clock import EventTimed

        device = device_of_kind(KIND)
        own = move(copy.deepcopy(module), device)
        if isinstance(own, fx.GraphModule):
            name_device(own, device)
        args, kwargs = call_arguments(move(workload.inputs, device))
        with torch.inference_mode():
            call = self.prepared(lambda: own(*args, **kwargs), own, device)
            for _ in range(_WARMING):
                call()
            torch.accelerator.synchronize(device)
        return EventTimed(call, device)

    def prepared(
        self, call: Callable[[], object], module: nn.Module, device: torch.device
    ) -> Callable[[], object]:
        """Return what runs ``call``, which calls ``module`` on the device: here as it is."""
        del module, device
        return call


RUNTIME = CudaRuntime()
