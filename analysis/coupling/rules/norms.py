"""Norms: their parameters follow the channels; one over the channels changes by nature."""

from torch import fx

from prunescope.capture.functional import operator_name
from prunescope.coupling.arguments import argument
from prunescope.coupling.labels import Dim
from prunescope.coupling.table import rule
from prunescope.coupling.walk import CouplingWalk, Value


@rule("batch_norm", "instance_norm")
def per_channel(walk: CouplingWalk, node: fx.Node) -> Value:
    """Every channel by itself: weights, biases and running statistics follow it.

    Statistics of its own run over the dimensions behind, as where filters are standardised by a
    batch norm that is always training.
    """
    dims = list(walk.dims(node.args[0]))
    place = 1 if len(dims) > 1 else 0
    for name in ("weight", "bias", "running_mean", "running_var"):
        vector = walk.dims(argument(node, name))
        if vector and vector[0].size > 1:
            dims[place] = walk.ledger.unite(dims[place], vector[0])
    own = operator_name(node) == "instance_norm" or argument(node, "training", False)
    for other, dim in enumerate(dims):
        if own and other > 1:
            _over(walk, node, other, dim)
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
    for place in range(len(dims) - count, len(dims)):
        _over(walk, node, place, dims[place])
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
        _over(walk, node, 1, channels)
    return tuple(dims)


def _over(walk: CouplingWalk, node: fx.Node, place: int, dim: Dim) -> None:
    if dim.labels is not None:
        name = operator_name(node)
        walk.ledger.mark(
            dim, "normalised", f"{name} takes its statistics over it, so over the kept units"
        )
        walk.read(node, node.args[0], place, statistic=True)


@rule("_weight_norm")
def weight_norm(walk: CouplingWalk, node: fx.Node) -> Value:
    """The length of each filter is a parameter; removal rescales it to what is left."""
    direction = list(walk.dims(node.args[0]))
    length = walk.dims(node.args[1])
    place = argument(node, "dim", 0)
    for each, dim in enumerate(length):
        if dim.size > 1:
            direction[each] = walk.ledger.unite(direction[each], dim)
    if place < 0:
        for dim in direction:
            walk.ledger.block(dim, "one length is shared by the whole weight")
    return tuple(direction)
