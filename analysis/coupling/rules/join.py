"""Operators that put tensors beside each other, or repeat them."""

import numpy as np
from torch import fx

from prunescope.coupling.labels import WHOLE, Dim, Labels
from prunescope.coupling.operator_arguments import argument
from prunescope.coupling.rule_table import rule
from prunescope.coupling.rules.elementwise import broadcast
from prunescope.coupling.walk import BATCH, CouplingWalk, Value, relabel

ONE_COPY = "it is repeated, and the copies carry the units"


@rule("cat", "concat", "concatenate")
def cat(walk: CouplingWalk, node: fx.Node) -> Value:
    """Concatenate labels along one dimension; the others are united index by index."""
    parts = [walk.dims(tensor) for tensor in argument(node, "tensors")]
    parts = [dims for dims in parts if dims and dims != (Dim(0),)]
    axis = argument(node, "dim", 0) % len(parts[0])
    sizes = walk.shape(node)
    meeting = [(*dims[:axis], Dim(1), *dims[axis + 1 :]) for dims in parts]
    result = list(broadcast(walk, meeting, [*sizes[:axis], 1, *sizes[axis + 1 :]]) or ())
    along = [dims[axis] for dims in parts]
    result[axis] = _concatenate(walk, along, sizes[axis])
    return tuple(result)


def _concatenate(walk: CouplingWalk, along: list[Dim], size: int) -> Dim:
    if len(along) == 1:
        return along[0]
    wholes = [dim.why for dim in along if dim.labels is None]
    why = wholes[0] if wholes else along[0].why
    if all(dim.labels is None for dim in along) or size % BATCH == 0:
        for dim in along:
            walk.ledger.block(dim, why)
        return Dim(size, why=why)
    pieces: list[Labels] = [
        np.full(dim.size, WHOLE, np.int64) if dim.labels is None else dim.labels for dim in along
    ]
    return Dim(size, np.concatenate(pieces), why)


@rule("stack")
def stack(walk: CouplingWalk, node: fx.Node) -> Value:
    """Unite the stacked tensors index by index; the new dimension counts them, so it stays."""
    parts = [walk.dims(tensor) for tensor in argument(node, "tensors")]
    sizes = list(walk.shape(node))
    axis = argument(node, "dim", 0) % len(sizes)
    count = sizes.pop(axis)
    result = list(broadcast(walk, parts, sizes) or ())
    result.insert(axis, Dim(count, why="it counts stacked tensors"))
    return tuple(result)


@rule("expand", "broadcast_to")
def expand(walk: CouplingWalk, node: fx.Node) -> Value:
    """A dimension of size one that is expanded may become any size: it gets new labels."""
    dims, sizes = walk.dims(node.args[0]), walk.shape(node)
    result: list[Dim] = []
    for back in range(len(sizes), 0, -1):
        size = sizes[len(sizes) - back]
        if len(dims) >= back and dims[-back].size == size:
            result.append(dims[-back])
        else:
            result.append(any_size_dim(walk, size))
    return tuple(result)


def any_size_dim(walk: CouplingWalk, size: int) -> Dim:
    """Return a dimension of equal entries, so that any of its indices may be removed."""
    if size == 1 or size % BATCH == 0:
        return Dim(size)
    dim = Dim(size, walk.ledger.fresh(size))
    walk.ledger.mark(dim, "free")
    return dim


@rule("repeat", "tile")
def repeat(walk: CouplingWalk, node: fx.Node) -> Value:
    """Repeat the labels, so that all copies of an index leave together."""
    dims, sizes = walk.dims(node.args[0]), walk.shape(node)
    result: list[Dim] = []
    for back in range(len(sizes), 0, -1):
        size = sizes[len(sizes) - back]
        dim = dims[-back] if len(dims) >= back else Dim(1)
        if dim.size == size:
            result.append(dim)
        elif dim.size == 1:
            result.append(any_size_dim(walk, size))
        elif dim.labels is None or size % BATCH == 0:
            walk.ledger.block(dim, dim.why)
            result.append(Dim(size, why=dim.why))
        else:
            result.append(relabel(dim, np.tile(dim.labels, size // dim.size)))
    return tuple(result)


@rule("repeat_interleave")
def repeat_interleave(walk: CouplingWalk, node: fx.Node) -> Value:
    """Repeat each index in place, a fixed number of times."""
    times = argument(node, "repeats")
    axis_argument = argument(node, "dim")
    if not isinstance(times, int) or axis_argument is None:
        return walk.refuse(node, "repeat_interleave repeats its units unequally")
    dims = list(walk.dims(node.args[0]))
    axis = axis_argument % len(dims)
    dim = dims[axis]
    size = walk.shape(node)[axis]
    if dim.size == 1:
        dims[axis] = any_size_dim(walk, size)
    elif dim.labels is None or size % BATCH == 0:
        walk.ledger.block(dim, dim.why)
        dims[axis] = Dim(size, why=dim.why)
    else:
        dims[axis] = repeated(walk, node, dim, times, axis)
    return tuple(dims)


def repeated(walk: CouplingWalk, node: fx.Node, dim: Dim, times: int, which: int) -> Dim:
    """Return ``dim`` with each index repeated in place; perhaps it is the copies that can leave."""
    assert dim.labels is not None
    copies = walk.ledger.fresh(times)
    walk.ledger.mark(Dim(times, copies), "free")
    key = (node.name, "repeat", which)
    chosen = walk.choose(key, [dim.labels, copies])
    if chosen is None:
        walk.repeats[key] = walk.ledger.fresh(len(dim.labels) * times)
        return Dim(dim.size * times, walk.repeats[key], dim.why)
    if chosen == 0:
        return relabel(dim, np.repeat(dim.labels, times))
    walk.ledger.block(dim, ONE_COPY)
    return Dim(dim.size * times, np.tile(copies, dim.size), dim.why)


@rule("pad", "constant_pad_nd", "reflection_pad1d", "reflection_pad2d", "reflection_pad3d",
      "replication_pad1d", "replication_pad2d", "replication_pad3d", "zero_pad2d")  # fmt: skip
def pad(walk: CouplingWalk, node: fx.Node) -> Value:
    """Padded constants get labels of their own; padding that copies units is refused."""
    dims, sizes = list(walk.dims(node.args[0])), walk.shape(node)
    amounts = walk.number(argument(node, "pad", argument(node, "padding")))
    mode = argument(node, "mode", "constant")
    constant = (mode == "constant" and "pad2d" not in str(node.target)) or "zero_pad" in str(
        node.target
    )
    for pair in range(len(amounts) // 2):
        before, after = amounts[2 * pair], amounts[2 * pair + 1]
        axis = len(dims) - 1 - pair
        dim = dims[axis]
        if before == after == 0:
            continue
        if dim.labels is None or not constant or dim.size % BATCH == 0 or min(before, after) < 0:
            walk.ledger.block(dim, "it is padded with copies of itself")
            dims[axis] = Dim(sizes[axis], why=dim.why)
            continue
        new = walk.ledger.fresh(before + after)
        dims[axis] = relabel(dim, np.concatenate([new[:before], dim.labels, new[before:]]))
    return tuple(dims)
