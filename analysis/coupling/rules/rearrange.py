"""Operators that reorder dimensions or indices without mixing them."""

import numpy as np
from torch import fx

from prunescope.capture.functional import operator_name
from prunescope.coupling.labels import Dim
from prunescope.coupling.operator_arguments import argument
from prunescope.coupling.rule_table import rule
from prunescope.coupling.walk import CouplingWalk, Value, relabel


@rule("permute", "transpose", "t", "swapaxes", "swapdims", "movedim", "numpy_T", "mT", "adjoint")
def permute(walk: CouplingWalk, node: fx.Node) -> Value:
    """Reorder the dimensions."""
    dims = walk.dims(node.args[0])
    return tuple(dims[axis] for axis in order(node, len(dims)))


def order(node: fx.Node, rank: int) -> list[int]:
    """Return which old dimension each new dimension is."""
    name, axes = operator_name(node), list(range(rank))
    if name == "permute":
        return [int(axis) % rank for axis in argument(node, "dims")]
    if name == "movedim":
        source, target = argument(node, "source"), argument(node, "destination")
        sources = source if isinstance(source, list | tuple) else [source]
        targets = target if isinstance(target, list | tuple) else [target]
        rest = [
            axis for axis in axes if axis not in {source_axis % rank for source_axis in sources}
        ]
        for to, origin in sorted(
            zip((t % rank for t in targets), (s % rank for s in sources), strict=True)
        ):
            rest.insert(to, origin)
        return rest
    if name == "numpy_T":
        return axes[::-1]
    if rank < 2:
        return axes
    first, second = rank - 2, rank - 1
    if name not in ("t", "mT", "adjoint"):
        first, second = (int(str(axis)) % rank for axis in node.args[1:3])
    axes[first], axes[second] = axes[second], axes[first]
    return axes


@rule("squeeze")
def squeeze(walk: CouplingWalk, node: fx.Node) -> Value:
    """Drop dimensions of size one."""
    dims = walk.dims(node.args[0])
    axis_argument = argument(node, "dim")
    axes = range(len(dims)) if axis_argument is None else axis_argument
    axes = axes if isinstance(axes, list | tuple | range) else [axes]
    dropped = {axis % len(dims) for axis in axes if dims[axis].size == 1}
    return tuple(dim for axis, dim in enumerate(dims) if axis not in dropped)


@rule("unsqueeze")
def unsqueeze(walk: CouplingWalk, node: fx.Node) -> Value:
    """Insert a dimension of size one."""
    dims = list(walk.dims(node.args[0]))
    dims.insert(argument(node, "dim") % (len(dims) + 1), Dim(1))
    return tuple(dims)


@rule("flip")
def flip(walk: CouplingWalk, node: fx.Node) -> Value:
    """Reverse the indices of dimensions."""
    dims = list(walk.dims(node.args[0]))
    for axis in argument(node, "dims"):
        labels = dims[axis].labels
        if labels is not None:
            dims[axis] = relabel(dims[axis], labels[::-1])
    return tuple(dims)


@rule("roll")
def roll(walk: CouplingWalk, node: fx.Node) -> Value:
    """A shift by a fixed count keeps no unit in place: refuse along it."""
    dims = list(walk.dims(node.args[0]))
    axes = argument(node, "dims") or range(len(dims))
    for axis in axes if isinstance(axes, list | tuple | range) else [axes]:
        walk.ledger.block(dims[axis], "it is rolled by a fixed number of places")
        dims[axis] = Dim(dims[axis].size, why="it is rolled by a fixed number of places")
    return tuple(dims)


@rule("channel_shuffle", "native_channel_shuffle")
def channel_shuffle(walk: CouplingWalk, node: fx.Node) -> Value:
    """Deal channels out over groups: one channel of each group leaves together."""
    dims = list(walk.dims(node.args[0]))
    labels = dims[1].labels
    if labels is not None:
        grid = labels.reshape(argument(node, "groups"), -1)
        walk.ledger.unite_along(grid, [0])
        dims[1] = relabel(dims[1], grid.T.ravel())
    return tuple(dims)


@rule("pixel_shuffle")
def pixel_shuffle(walk: CouplingWalk, node: fx.Node) -> Value:
    """``r * r`` neighbouring channels make one."""
    dims, sizes = list(walk.dims(node.args[0])), walk.shape(node)
    _space(walk, dims, sizes)
    channels = dims[-3]
    if channels.labels is None:
        dims[-3] = Dim(sizes[-3], why=channels.why)
    else:
        united = walk.ledger.unite_along(channels.labels.reshape(sizes[-3], -1), [1])
        dims[-3] = Dim(sizes[-3], united.ravel() if sizes[-3] > 1 else None, channels.why)
        if sizes[-3] == 1:
            walk.ledger.block(channels, "together its units make a single channel")
    return tuple(dims)


@rule("pixel_unshuffle")
def pixel_unshuffle(walk: CouplingWalk, node: fx.Node) -> Value:
    """One channel becomes ``r * r`` neighbours."""
    dims, sizes = list(walk.dims(node.args[0])), walk.shape(node)
    _space(walk, dims, sizes)
    channels = dims[-3]
    labels = channels.labels
    if labels is not None:
        labels = np.repeat(labels, sizes[-3] // channels.size)
    dims[-3] = Dim(sizes[-3], labels, channels.why)
    return tuple(dims)


def _space(walk: CouplingWalk, dims: list[Dim], sizes: tuple[int, ...]) -> None:
    for axis in (-2, -1):
        walk.ledger.block(dims[axis], "it is a dimension of space")
        dims[axis] = Dim(sizes[axis], why="it is a dimension of space")
