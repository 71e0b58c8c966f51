"""Convolutions: a filter is a unit, an input channel is read by all filters of its group.

A group convolution must keep equal channels per group, so a unit is one channel of each group,
on either side. With one input channel per group (depthwise), a unit is a whole group.
"""

import numpy as np
from torch import fx

from prunescope.coupling.labels import Dim
from prunescope.coupling.operator_arguments import argument
from prunescope.coupling.rule_table import rule
from prunescope.coupling.walk import CouplingWalk, Value, relabel

_SPATIAL = "a convolution slides over it"
_KERNEL = "it is a kernel's window"


@rule("conv1d", "conv2d", "conv3d", "convolution")
def convolution(walk: CouplingWalk, node: fx.Node) -> Value:
    """Tie input channels to the weight's dimension 1, output channels to its dimension 0."""
    source, kernel = node.args[0], node.args[1]
    if argument(node, "transposed", False):
        return transposed(walk, node)
    weight = walk.dims(kernel)
    dims, axis = _inputs(walk, node, len(weight))
    groups = argument(node, "groups", 1)
    channels, ledger = dims[axis], walk.ledger
    out = weight[0]
    if groups == 1:
        ledger.unite(channels, weight[1])
    elif weight[1].size == 1:
        out = _unite_filters(walk, channels, out)
    else:
        ledger.unite(_unite_across_groups(walk, channels, groups), weight[1])
        out = _unite_groups(walk, out, groups)
    walk.read(node, source, axis)
    walk.role(kernel, weight[1], "consumer")
    depthwise = groups > 1 and weight[1].size == 1
    walk.role(kernel, weight[0], "depthwise" if depthwise else "producer")
    return _result(walk, node, dims, axis, out)


@rule("deform_conv2d")
def deformable(walk: CouplingWalk, node: fx.Node) -> Value:
    """As a convolution; what says where it samples, and how strongly, stays."""
    source, kernel, *places = node.args[:4]
    bias, groups = node.args[4], node.args[-3:-1]
    if groups != (1, 1):
        return walk.refuse(node, "a deformable convolution samples its groups apart")
    dims, weight, ledger = walk.dims(source), walk.dims(kernel), walk.ledger
    for where in places:
        for dim in walk.dims(where)[1:]:
            ledger.block(dim, "it says where a deformable convolution samples")
    for dim in dims[2:]:
        ledger.block(dim, _SPATIAL)
    ledger.unite(dims[1], weight[1])
    walk.read(node, source, 1)
    walk.role(kernel, weight[1], "consumer")
    walk.role(kernel, weight[0], "producer")
    out = weight[0]
    own = walk.dims(bias)
    if own and own[0].size > 1:
        out = ledger.unite(out, own[0])
    space = (Dim(size, why=_SPATIAL) for size in walk.shape(node)[2:])
    return (dims[0], Dim(out.size, out.labels, out.why), *space)


@rule("conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
def transposed(walk: CouplingWalk, node: fx.Node) -> Value:
    """Tie input channels to the weight's dimension 0, output channels to its dimension 1."""
    source, kernel = node.args[0], node.args[1]
    weight = walk.dims(kernel)
    dims, axis = _inputs(walk, node, len(weight))
    groups = argument(node, "groups", 1)
    channels, ledger = dims[axis], walk.ledger
    out = weight[1]
    if groups == 1:
        ledger.unite(channels, weight[0])
    elif weight[0].size == groups:
        ledger.unite(channels, weight[0])
        ledger.block(weight[1], "each input channel has its own outputs in this convolution")
        out = _repeat_channels(channels, walk.shape(node)[axis])
    else:
        ledger.unite(_unite_groups(walk, channels, groups), _unite_groups(walk, weight[0], groups))
        if out.labels is not None:
            out = relabel(out, np.tile(out.labels, groups))
        else:
            out = Dim(out.size * groups)
    walk.read(node, source, axis)
    depthwise = groups > 1 and weight[0].size == groups
    walk.role(kernel, weight[0], "depthwise" if depthwise else "consumer")
    walk.role(kernel, weight[1], "producer")
    return _result(walk, node, dims, axis, out)


def _inputs(walk: CouplingWalk, node: fx.Node, rank: int) -> tuple[tuple[Dim, ...], int]:
    """The input's dimensions and its channel dimension; windows are blocked."""
    dims = walk.dims(node.args[0])
    channel_axis = len(dims) - rank + 1
    for window_axis, dim in enumerate(dims[channel_axis + 1 :]):
        if _gates(walk, node, dim, window_axis):
            axis = channel_axis + 1 + window_axis
            walk.read(node, node.args[0], axis)
            walk.whole.add((node, axis))
        elif not _pointwise(walk, node, window_axis):
            walk.ledger.block(dim, _SPATIAL)
    for dim in walk.dims(node.args[1])[2:]:
        walk.ledger.block(dim, _KERNEL)
    return dims, channel_axis


def _result(
    walk: CouplingWalk, node: fx.Node, dims: tuple[Dim, ...], channel_axis: int, out: Dim
) -> tuple[Dim, ...]:
    bias = walk.dims(argument(node, "bias"))
    if bias:
        out = walk.ledger.unite(out, bias[0]) if bias[0].size > 1 else out
    sizes = walk.shape(node)
    result = Dim(sizes[channel_axis], out.labels if sizes[channel_axis] > 1 else None, out.why)
    space = [
        dims[channel_axis + 1 + window_axis]
        if _pointwise(walk, node, window_axis)
        or (node, channel_axis + 1 + window_axis) in walk.whole
        else Dim(size, why=_SPATIAL)
        for window_axis, size in enumerate(sizes[channel_axis + 1 :])
    ]
    return (*dims[:channel_axis], result, *space)


def _gates(walk: CouplingWalk, node: fx.Node, dim: Dim, axis: int) -> bool:
    """Whether a filter slides along channels that lie in a window's axis, and gives one for each.

    So do channel gates (ECA). A channel that is gone counts as zero for its neighbours: removal
    puts zeros in its place, lets the filter run, and drops its result.
    """
    weight = walk.dims(node.args[1])
    window = weight[2 + axis].size
    single = weight[0].size == weight[1].size == 1
    lone = all(other.size == 1 for other in weight[2 : 2 + axis] + weight[3 + axis :])
    sizes = walk.shape(node)
    source = walk.dims(node.args[0])
    same = sizes[len(sizes) - len(weight) + 2 + axis] == dim.size
    strides = argument(node, "stride", 1)
    strides = strides if isinstance(strides, list | tuple) else [strides]
    return (
        single and lone and same and window > 1 and set(strides) == {1}
        and dim.labels is not None and len(dim.labels) == dim.size and len(source) == len(sizes)
    )  # fmt: skip


def _pointwise(walk: CouplingWalk, node: fx.Node, axis: int) -> bool:
    """Whether a convolution does not slide along one of its windows' axes."""

    def along(name: str, default: int) -> object:
        value = argument(node, name, default)
        if not isinstance(value, list | tuple):
            return value
        return value[axis % len(value)] if value else default

    window = walk.dims(node.args[1])[2 + axis].size
    return (
        window == 1
        and along("stride", 1) == 1
        and along("padding", 0) == 0
        and along("output_padding", 0) == 0
    )


def _unite_across_groups(walk: CouplingWalk, channels: Dim, groups: int) -> Dim:
    """The channels of one group, each united with the same channel of the other groups."""
    if channels.labels is None:
        return Dim(channels.size // groups, why=channels.why)
    labels = walk.ledger.unite_along(channels.labels.reshape(groups, -1), [0])
    return Dim(channels.size // groups, labels[0], channels.why)


def _unite_groups(walk: CouplingWalk, channels: Dim, groups: int) -> Dim:
    _unite_across_groups(walk, channels, groups)
    return channels


def _unite_filters(walk: CouplingWalk, channels: Dim, out: Dim) -> Dim:
    """Each input channel's own filters leave with it."""
    per_channel = out.size // channels.size
    if channels.labels is None:
        walk.ledger.block(out, channels.why)
        return Dim(out.size, why=channels.why)
    return walk.ledger.unite(out, relabel(channels, np.repeat(channels.labels, per_channel)))


def _repeat_channels(channels: Dim, size: int) -> Dim:
    if channels.labels is None:
        return Dim(size, why=channels.why)
    return Dim(size, np.repeat(channels.labels, size // channels.size), channels.why)
