"""Norms: their parameters follow the channels; a statistic over channels changes with removal."""

from torch import fx

from prunescope.capture.functional import operator_name
from prunescope.coupling.labels import Dim
from prunescope.coupling.operator_arguments import argument
from prunescope.coupling.rule_table import rule
from prunescope.coupling.walk import CouplingWalk, Value


@rule("batch_norm", "instance_norm")
def per_channel(walk: CouplingWalk, node: fx.Node) -> Value:
    """Norms of single channels: weights, biases and running statistics follow the channel.

    A norm that computes its statistics itself takes them over the dimensions behind the channels,
    as where filters are standardised by a batch norm that always trains.
    """
    dims = list(walk.dims(node.args[0]))
    axis = 1 if len(dims) > 1 else 0
    for name in ("weight", "bias", "running_mean", "running_var"):
        vector = walk.dims(argument(node, name))
        if vector and vector[0].size > 1:
            dims[axis] = walk.ledger.unite(dims[axis], vector[0])
    has_statistics = operator_name(node) == "instance_norm" or argument(node, "training", False)
    for statistic_axis, dim in enumerate(dims):
        if has_statistics and statistic_axis > 1:
            _mark_statistic(walk, node, statistic_axis, dim)
    return tuple(dims)


@rule("layer_norm", "rms_norm")
def last_dimensions(walk: CouplingWalk, node: fx.Node) -> Value:
    """Statistics run over the last dimensions; what is removed there no longer counts."""
    dims = list(walk.dims(node.args[0]))
    count = len(argument(node, "normalized_shape"))
    for name in ("weight", "bias"):
        affine = walk.dims(argument(node, name))
        for back in range(1, len(affine) + 1):
            if affine[-back].size > 1:
                dims[-back] = walk.ledger.unite(dims[-back], affine[-back])
    for axis in range(len(dims) - count, len(dims)):
        _mark_statistic(walk, node, axis, dims[axis])
    return tuple(dims)


@rule("group_norm")
def groups(walk: CouplingWalk, node: fx.Node) -> Value:
    """A unit is one channel of each norm group, as for group convolutions."""
    dims = list(walk.dims(node.args[0]))
    count = argument(node, "num_groups")
    channels = dims[1]
    for name in ("weight", "bias"):
        vector = walk.dims(argument(node, name))
        if vector and vector[0].size > 1:
            channels = walk.ledger.unite(channels, vector[0])
    for dim in dims[2:]:
        walk.ledger.block(dim, "a norm takes its statistics over it")
    if channels.labels is not None and 1 < count < channels.size:
        walk.ledger.unite_along(channels.labels.reshape(count, -1), [0])
    dims[1] = channels
    if count < channels.size:
        _mark_statistic(walk, node, 1, channels)
    return tuple(dims)


def _mark_statistic(walk: CouplingWalk, node: fx.Node, axis: int, dim: Dim) -> None:
    if dim.labels is not None:
        name = operator_name(node)
        walk.ledger.mark(
            dim, "normalised", f"{name} takes its statistics over it, so over the kept units"
        )
        walk.read(node, node.args[0], axis, statistic=True)


@rule("_weight_norm")
def weight_norm(walk: CouplingWalk, node: fx.Node) -> Value:
    """The norm of each filter is a parameter; removal rescales it, so that kept weights stay."""
    direction = list(walk.dims(node.args[0]))
    length = walk.dims(node.args[1])
    axis = argument(node, "dim", 0)
    for length_axis, dim in enumerate(length):
        if dim.size > 1:
            direction[length_axis] = walk.ledger.unite(direction[length_axis], dim)
    if axis < 0:
        for dim in direction:
            walk.ledger.block(dim, "one length is shared by the whole weight")
    return tuple(direction)
