"""Lookups in a table by index: the rows must stay, the columns are features."""

import numpy as np
from torch import Tensor, fx

from prunescope.coupling.labels import Dim
from prunescope.coupling.operator_arguments import argument
from prunescope.coupling.rule_table import rule
from prunescope.coupling.rules.elementwise import broadcast
from prunescope.coupling.walk import BATCH, CouplingWalk, Value

_NUMBER = "it is looked up by number"
_VALUES = "its values are indices"


@rule("embedding")
def embedding(walk: CouplingWalk, node: fx.Node) -> Value:
    """Rows by number; the columns are features."""
    rows, features = walk.dims(node.args[0])
    numbers = walk.dims(node.args[1])
    walk.ledger.block(rows, _NUMBER)
    walk.role(node.args[0], features, "producer")
    return (*numbers, Dim(features.size, features.labels, features.why))


@rule("embedding_bag", "_embedding_bag", "_embedding_bag_forward_only")
def embedding_bag(walk: CouplingWalk, node: fx.Node) -> Value:
    """As an embedding, summed or averaged over each bag."""
    rows, features = walk.dims(node.args[0])
    walk.ledger.block(rows, _NUMBER)
    for operand in node.args[1:3]:
        for dim in walk.dims(operand):
            walk.ledger.block(dim, _VALUES)
    weights = walk.dims(argument(node, "per_sample_weights"))
    for dim in weights:
        walk.ledger.block(dim, _VALUES)
    walk.role(node.args[0], features, "producer")
    value = walk.refuse_outputs(node, _NUMBER)
    first = (Dim(walk.shapes(node)[0][0]), Dim(features.size, features.labels, features.why))
    return [first, *value[1:]] if isinstance(value, list) else first


@rule("index")
def index(walk: CouplingWalk, node: fx.Node) -> Value:
    """Index one or more dimensions by tensors of numbers; the others pass through."""
    dims = walk.dims(node.args[0])
    numbers = list(argument(node, "indices"))
    numbers += [None] * (len(dims) - len(numbers))
    used = [axis for axis, number_node in enumerate(numbers) if number_node is not None]
    tensors = [number_node for number_node in numbers if number_node is not None]
    if any(_boolean(walk, number_node) for number_node in tensors):
        return walk.refuse(node, "it is looked up by a mask")
    experts = walk.numbers.get(tensors[0]) if len(used) == 1 else None
    if experts is not None:
        walk.ledger.unite(dims[used[0]], experts)
    constant = walk.constant(tensors[0]) if len(used) == 1 else None
    if constant is not None and constant.ndim == 1 and dims[used[0]].labels is not None:
        return pick_constant(walk, node, used[0], constant)
    for axis in used if experts is None else ():
        walk.ledger.block(dims[axis], _NUMBER)
    shapes = [walk.dims(number_node) for number_node in tensors]
    rank = max(len(number_node) for number_node in shapes)
    separated = used != list(range(used[0], used[0] + len(used)))
    sizes = walk.shape(node)
    start = 0 if separated else used[0]
    result = broadcast(walk, shapes, sizes[start : start + rank])
    assert isinstance(result, tuple)
    rest = [dim for axis, dim in enumerate(dims) if axis not in used]
    return (*rest[:start], *result, *rest[start:])


def pick_constant(walk: CouplingWalk, node: fx.Node, axis: int, numbers: Tensor) -> Value:
    """Pick indices of one dimension by constant numbers, which may repeat or omit some."""
    dims = list(walk.dims(node.args[0]))
    dim = dims[axis]
    if dim.labels is None or dim.size % BATCH == 0:
        walk.ledger.block(dim, _NUMBER)
        dims[axis] = Dim(numbers.numel(), why=_NUMBER)
    else:
        labels = dim.labels[np.asarray(numbers.tolist(), np.int64)]
        dims[axis] = Dim(len(labels), labels, dim.why)
    return tuple(dims)


@rule("index_select")
def index_select(walk: CouplingWalk, node: fx.Node) -> Value:
    """Indices by a tensor of numbers; exact only if the numbers are constants."""
    dims = list(walk.dims(node.args[0]))
    axis = argument(node, "dim") % len(dims)
    for other in walk.dims(argument(node, "index")):
        walk.ledger.block(other, _VALUES)
    numbers = walk.constant(argument(node, "index"))
    if numbers is not None:
        return pick_constant(walk, node, axis, numbers)
    experts = walk.numbers.get(argument(node, "index"))
    if experts is not None:
        walk.ledger.unite(dims[axis], experts)
    else:
        walk.ledger.block(dims[axis], _NUMBER)
    dims[axis] = Dim(walk.shape(node)[axis], why=_NUMBER)
    return tuple(dims)


def _boolean(walk: CouplingWalk, node: fx.Node) -> bool:
    value = walk.fake(node)
    return (
        isinstance(value, Tensor)
        and value.dtype.is_floating_point is False
        and (str(value.dtype) in ("torch.bool", "torch.uint8"))
    )


@rule("gather", "take_along_dim")
def gather(walk: CouplingWalk, node: fx.Node) -> Value:
    """Pick along one dimension, by numbers that are given for each place of the others."""
    source, axis, numbers = node.args[0], argument(node, "dim"), argument(node, "index")
    if not isinstance(axis, int):
        return walk.refuse(node, "it is gathered by number")
    dims, number_dims = list(walk.dims(source)), walk.dims(numbers)
    axis %= len(dims)
    walk.ledger.block(dims[axis], "it is gathered by number")
    for other_axis, dim in enumerate(dims):
        if other_axis == axis:
            walk.ledger.block(number_dims[other_axis], _VALUES)
            dims[other_axis] = number_dims[other_axis]
        elif number_dims[other_axis].size == dim.size and dim.size > 1:
            dims[other_axis] = walk.ledger.unite(dim, number_dims[other_axis])
        elif dim.size != number_dims[other_axis].size:
            walk.ledger.block(dim, "it is gathered by number")
            walk.ledger.block(number_dims[other_axis], _VALUES)
            dims[other_axis] = Dim(number_dims[other_axis].size)
    return tuple(dims)
