"""Whether large maps are replayed with channels last, the layout that oneDNN convolves as it is.

Measured on ``torchvision:resnet18`` at 224 px on one thread: 0.8 of the time of PyTorch's usual
layout, which every convolution reorders on its way in and out. On maps of 28 x 28 it makes no
difference, so they keep the layout of the plain loop and its last bits.
"""

from typing import Any, Final

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from analysis.capture.cost import Cost
from analysis.capture.functional import operator_name
from analysis.capture.graph import Inputs
from analysis.replay.flow import Flow
from analysis.replay.lanes import Lanes
from analysis.replay.schedule import schedule
from analysis.replay.variant import build_variant
from analysis.replay.walk import Walk

_ROOM: Final = 1e-4
_LARGE: Final = 2 << 20
"""Bytes alive per sample: ResNet-18 at 224 px has 6 MiB, a ResNet-20 for 28 px 0.15."""


def wants_channels_last(flow: Flow, cost: Cost) -> bool:
    """Return whether the network has large maps and two-dimensional convolutions."""
    convolves = any(operator_name(n) == "conv2d" for n in flow.nodes if n.op == "call_function")
    return convolves and cost.activation_bytes >= _LARGE


def runs_alike(flow: Flow, example: Inputs) -> bool:
    """Return whether the graph runs with channels last, and gives the same outputs.

    It does not where it views a map as rows, which needs the usual layout.
    """
    whole = 1 << flow.output
    laid = {name: channels_last(value) for name, value in flow.tensors.items()}
    found = []
    for lay, tensors in ((_as_it_is, flow.tensors), (channels_last, laid)):
        walk = Walk(flow, tensors, schedule(flow, {"dense": whole}), [example], lay=lay)
        variant = build_variant(flow, tensors, whole, flow.module.graph, {})
        try:
            with torch.inference_mode():
                next(walk.stops(Lanes(1)))
                outputs = walk.outputs(0, variant)
        except RuntimeError:
            return False
        found.append(pytree.tree_leaves(outputs))
    return all(
        torch.allclose(one, other, rtol=_ROOM, atol=_ROOM * float(one.abs().max()))
        for one, other in zip(*found, strict=True)
        if isinstance(one, Tensor) and one.is_floating_point() and one.numel()
    )


def _as_it_is(value: Any) -> Any:
    return value


def channels_last(value: Any) -> Any:
    """Return ``value``; a real tensor of four dimensions with its second dimension innermost."""
    if isinstance(value, Tensor) and value.ndim == 4 and value.is_floating_point():
        return value.detach().contiguous(memory_format=torch.channels_last)
    return value
