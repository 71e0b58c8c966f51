"""Matrix products: a contracted dimension reads its producer's units; the others pass through."""

from torch import fx

from prunescope.coupling.labels import Dim
from prunescope.coupling.operator_arguments import argument
from prunescope.coupling.rule_table import rule
from prunescope.coupling.rules.elementwise import broadcast
from prunescope.coupling.walk import CouplingWalk, Value


@rule("linear")
def linear(walk: CouplingWalk, node: fx.Node) -> Value:
    """Tie features to the weight's columns; its rows are the new features."""
    source, matrix = node.args[0], node.args[1]
    dims, weight = walk.dims(source), walk.dims(matrix)
    walk.ledger.unite(dims[-1], weight[-1])
    walk.read(node, source, len(dims) - 1)
    walk.role(matrix, weight[-1], "consumer")
    if len(weight) == 1:
        return dims[:-1]
    walk.role(matrix, weight[0], "producer")
    out = Dim(weight[0].size, weight[0].labels, weight[0].why)
    bias = walk.dims(argument(node, "bias"))
    if bias and bias[0].size == out.size and out.size > 1:
        out = walk.ledger.unite(out, bias[0])
    return (*dims[:-1], Dim(out.size, out.labels, out.why))


@rule("matmul", "mm", "bmm", "mv", "dot", "vdot")
def matmul(walk: CouplingWalk, node: fx.Node) -> Value:
    """Contract the last dimension of the first with the second last of the second."""
    return product(walk, node, node.args[0], node.args[1])


@rule("addmm", "baddbmm", "addmv")
def add_product(walk: CouplingWalk, node: fx.Node) -> Value:
    """A product with something added."""
    result = product(walk, node, node.args[1], node.args[2])
    assert isinstance(result, tuple)
    return broadcast(walk, [result, walk.dims(node.args[0])], walk.shape(node))


def product(walk: CouplingWalk, node: fx.Node, left: object, right: object) -> Value:
    """Return the dimensions of ``left @ right``; heads are the labelled batch dimensions."""
    first, second = walk.dims(left), walk.dims(right)
    inner, axis = first[-1], -2 if len(second) > 1 else -1
    walk.ledger.unite(inner, second[axis])
    walk.read(node, left, len(first) - 1)
    walk.read(node, right, len(second) + axis)
    if walk.static(left) and walk.static(right) and min(len(first), len(second)) == 1:
        why = "a weight is divided by an estimate of its norm over the kept units"
        walk.ledger.mark(inner, "normalised", why)
    batches = [dims[:-2] for dims in (first, second)]
    rows, columns = first[-2:-1], second[-1:] if len(second) > 1 else ()
    sizes = walk.shape(node)
    batch = broadcast(walk, batches, sizes[: len(sizes) - len(rows) - len(columns)])
    assert isinstance(batch, tuple)
    for operand, dims, out in ((left, first, rows), (right, second, columns)):
        contracted = dims[-1] if operand is left else dims[axis]
        walk.role(operand, contracted, "consumer")
        if out:
            walk.role(operand, out[0], "producer")
    if not walk.static(left) and not walk.static(right):
        mark_heads(walk, batch, (inner, second[axis], *rows, *columns))
    return (*batch, *(Dim(dim.size, dim.labels, dim.why) for dim in (*rows, *columns)))


@rule("bilinear")
def bilinear(walk: CouplingWalk, node: fx.Node) -> Value:
    """Each output is a bilinear form of both operands; the weight is (outputs, first, second)."""
    first, second, matrix = node.args[:3]
    left, right, weight = walk.dims(first), walk.dims(second), walk.dims(matrix)
    for operand, dims, axis in ((first, left, 1), (second, right, 2)):
        walk.ledger.unite(dims[-1], weight[axis])
        walk.read(node, operand, len(dims) - 1)
        walk.role(matrix, weight[axis], "consumer")
    walk.role(matrix, weight[0], "producer")
    out = weight[0]
    bias = walk.dims(argument(node, "bias"))
    if bias and bias[0].size == out.size:
        out = walk.ledger.unite(out, bias[0])
    lead = broadcast(walk, [left[:-1], right[:-1]], walk.shape(node)[:-1])
    assert isinstance(lead, tuple)
    return (*lead, Dim(out.size, out.labels, out.why))


def mark_heads(walk: CouplingWalk, batch: tuple[Dim, ...], within: tuple[Dim, ...]) -> None:
    """Mark labelled batch dimensions as ``head``, and the dimensions inside a head as ``inner``."""
    if all(dim.labels is None for dim in batch):
        return
    for dim in batch:
        walk.ledger.mark(dim, "head")
    for dim in within:
        walk.ledger.mark(dim, "inner")
