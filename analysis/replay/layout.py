"""Choose the memory layout of feature maps in a replay: channels last, which oneDNN convolves
without reordering, or the usual one.

PyTorch's usual layout is reordered by every convolution on its way in and out. Measured on one
thread (``benchmarks/tables/sweep.md``): .8 of the time of replay in the usual layout on the sample
networks for 28 x 28 pixels, and on ``torchvision:resnet18`` at 224. The last bits of outputs differ
from the plain loop's; which layout is used depends on the network only, never on a timing.
"""

from typing import Any, Final

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from prunescope.capture.functional import operator_name
from prunescope.capture.graph import Inputs
from prunescope.replay.dependencies import Flow
from prunescope.replay.lanes import Lanes
from prunescope.replay.replay_walk import ReplayWalk
from prunescope.replay.schedule import schedule
from prunescope.replay.variant import build_variant

_ROOM: Final = 1e-4


def wants_channels_last(flow: Flow) -> bool:
    """Return whether the network has two-dimensional convolutions, and PyTorch oneDNN."""
    convolves = any(operator_name(n) == "conv2d" for n in flow.nodes if n.op == "call_function")
    return convolves and bool(torch.backends.mkldnn.is_available())  # type: ignore[no-untyped-call]


def equal_with_channels_last(flow: Flow, example: Inputs) -> bool:
    """Return whether the graph runs with channels last, and gives the same outputs.

    It does not where the graph views a map as rows, which needs the usual layout.
    """
    all_nodes = 1 << flow.output
    laid = {name: channels_last(value) for name, value in flow.tensors.items()}
    results = []
    for to_layout, tensors in ((_unchanged, flow.tensors), (channels_last, laid)):
        walk = ReplayWalk(
            flow, tensors, schedule(flow, {"dense": all_nodes}), [example], to_layout=to_layout
        )
        variant = build_variant(flow, tensors, all_nodes, flow.module.graph, {})
        try:
            with torch.inference_mode():
                next(walk.stops(Lanes(1)))
                outputs = walk.outputs(0, variant)
        except (RuntimeError, MemoryError):
            return False
        results.append(pytree.tree_leaves(outputs))
    return all(
        torch.allclose(one, other, rtol=_ROOM, atol=_ROOM * float(one.abs().max()))
        for one, other in zip(*results, strict=True)
        if isinstance(one, Tensor) and one.is_floating_point() and one.numel()
    )


def _unchanged(value: Any) -> Any:
    return value


def channels_last(value: Any) -> Any:
    """Return ``value``; a real tensor of four dimensions with its second dimension innermost."""
    if isinstance(value, Tensor) and value.ndim == 4 and value.is_floating_point():
        # operators go by strides, and ``contiguous`` leaves those of one channel, or of kernels of
        # 1 x 1, as they are
        laid = torch.empty(
            value.shape, dtype=value.dtype, device=value.device, memory_format=torch.channels_last
        )
        return laid.copy_(value.detach())
    return value
