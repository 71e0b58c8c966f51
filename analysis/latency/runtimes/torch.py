"""PyTorch, operator by operator, as the study itself computes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prunescope.latency.runtimes.runtime import Call, Runtime, Workload

if TYPE_CHECKING:
    from torch import nn


class PyTorch(Runtime):
    """The network as it is, called as a module."""

    name = "torch"
    title = "PyTorch"
    rank = 0

    def version(self) -> str:
        """Return torch's version, build included."""
        import torch

        return str(torch.__version__)

    def compile(self, module: nn.Module, workload: Workload) -> Call:
        """Return a call of ``module``, done when it returns; of the dense network, of a copy."""
        import copy

        from prunescope.bench.device import device_of, synchronised
        from prunescope.capture.graph import call_arguments

        args, kwargs = call_arguments(workload.inputs)
        own = copy.deepcopy(module) if module is workload.dense else module
        return synchronised(lambda: own(*args, **kwargs), device_of(module))


RUNTIME = PyTorch()
