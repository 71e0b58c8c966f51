"""Operators that pick indices or pieces out of a dimension."""

from torch import fx

from prunescope.capture.functional import operator_name
from prunescope.coupling.labels import Dim, Labels
from prunescope.coupling.operator_arguments import argument
from prunescope.coupling.rule_table import rule
from prunescope.coupling.walk import BATCH, CouplingWalk, Value, relabel


@rule("getitem")
def getitem(walk: CouplingWalk, node: fx.Node) -> Value:
    """One tensor of a list."""
    value = walk.values[node.all_input_nodes[0]]
    picked: Value = value[int(str(node.args[1]))] if isinstance(value, list) else None
    return picked


@rule("slice", "narrow")
def slices(walk: CouplingWalk, node: fx.Node) -> Value:
    """A range of indices, with a step."""
    dims = list(walk.dims(node.args[0]))
    axis = argument(node, "dim", 0) % len(dims)
    dim, size = dims[axis], walk.shape(node)[axis]
    if dim.size == size:
        return tuple(dims)
    start, stop, step = bounds(node, dim.size, walk.number)
    labels = None if dim.labels is None else slice_labels(walk, dim, slice(start, stop, step))
    if labels is not None and len(labels) == 1:
        walk.ledger.block(relabel(dim, labels), "it is picked by its number")
        labels = None
    dims[axis] = Dim(size, labels, dim.why, dim.origin)
    return tuple(dims)


def bounds(node: fx.Node, size: int, number: object = None) -> tuple[int, int, int]:
    """Return start, stop and step of a ``slice`` or ``narrow``, within ``size``."""

    def read(name: str, default: int) -> int:
        value = argument(node, name)
        value = number(value) if callable(number) else value
        return default if value is None else int(value)

    if operator_name(node) == "narrow":
        start = read("start", 0) % max(1, size)
        return start, start + read("length", size), 1
    start, stop, step = slice(read("start", 0), read("end", size), read("step", 1)).indices(size)
    return start, stop, step


def slice_labels(walk: CouplingWalk, dim: Dim, part: slice) -> Labels | None:
    """The labels of a range of ``dim``; a folded batch cannot be cut."""
    if dim.size % BATCH == 0:
        walk.ledger.block(dim, "a slice cuts across the batch")
        return None
    assert dim.labels is not None
    return dim.labels[part]


@rule("select")
def select(walk: CouplingWalk, node: fx.Node) -> Value:
    """One index by its number: that one must stay."""
    dims = list(walk.dims(node.args[0]))
    axis = argument(node, "dim") % len(dims)
    dim = dims.pop(axis)
    index = walk.number(argument(node, "index"))
    if dim.labels is not None:
        only = dim.labels[[int(index) % len(dim.labels)]]
        walk.ledger.block(relabel(dim, only), "it is picked by its number")
    return tuple(dims)


@rule("unbind")
def unbind(walk: CouplingWalk, node: fx.Node) -> Value:
    """Every index becomes a tensor of its own, so all must stay."""
    dims = list(walk.dims(node.args[0]))
    dim = dims.pop(argument(node, "dim", 0) % len(dims))
    walk.ledger.block(dim, "each index is a tensor of its own")
    return [tuple(dims)] * dim.size


@rule("chunk", "split", "split_with_sizes", "tensor_split")
def split(walk: CouplingWalk, node: fx.Node) -> Value:
    """Consecutive pieces of one dimension."""
    dims = list(walk.dims(node.args[0]))
    axis = argument(node, "dim", 0) % len(dims)
    dim, start, result = dims[axis], 0, []
    for sizes in walk.shapes(node):
        size = sizes[axis]
        labels = None
        if dim.labels is not None:
            labels = slice_labels(walk, dim, slice(start, start + size))
        if labels is not None and size == 1:
            walk.ledger.block(relabel(dim, labels), "it is a piece by itself")
            labels = None
        piece = Dim(size, labels, dim.why, dim.origin)
        result.append((*dims[:axis], piece, *dims[axis + 1 :]))
        start += size
    return list(result)


@rule("slice_scatter")
def slice_scatter(walk: CouplingWalk, node: fx.Node) -> Value:
    """Replace a range of indices by another tensor's; both are united index by index."""
    dims = list(walk.dims(node.args[0]))
    source = walk.dims(node.args[1])
    axis = argument(node, "dim", 0) % len(dims)
    dim = dims[axis]
    if dim.labels is not None and dim.size % BATCH == 0:
        walk.ledger.block(dim, "a slice cuts across the batch")
    start, stop, step = bounds(node, dim.size, walk.number)
    for other_axis, other in enumerate(source):
        if other.size == 1:
            continue
        if other_axis != axis:
            dims[other_axis] = walk.ledger.unite(dims[other_axis], other)
        else:
            picked = dim.labels[start:stop:step] if dim.labels is not None else None
            walk.ledger.unite(Dim(other.size, picked, dim.why), other)
    return tuple(dims)


@rule("select_scatter")
def select_scatter(walk: CouplingWalk, node: fx.Node) -> Value:
    """Replace one index by another tensor: the others' dimensions are united, that one stays."""
    dims = list(walk.dims(node.args[0]))
    axis = argument(node, "dim") % len(dims)
    walk.ledger.block(dims[axis], "one of its indices is written to by its number")
    others = [other_axis for other_axis in range(len(dims)) if other_axis != axis]
    for other_axis, other in zip(others, walk.dims(node.args[1]), strict=True):
        if other.size > 1:
            dims[other_axis] = walk.ledger.unite(dims[other_axis], other)
    return tuple(dims)
