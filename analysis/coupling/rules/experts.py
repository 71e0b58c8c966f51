"""Mixtures of experts: whole experts leave with their row of the router.

A router scores all experts, ``topk`` picks some for each token, and from then on experts are
numbers. A tensor of such numbers is followed: where it looks up an expert's weights, counts
tokens, or is sorted, experts that are gone leave no gap, as their numbers close up. Anything else
that reads the numbers keeps all experts. The smaller network picks among the experts that stay.
"""

from typing import Final

from torch import fx

from prunescope.capture.functional import operator_name
from prunescope.coupling.labels import Dim
from prunescope.coupling.operator_arguments import argument
from prunescope.coupling.router import numbers_used
from prunescope.coupling.rule_table import rule
from prunescope.coupling.rules.reduce import ordered
from prunescope.coupling.walk import CouplingWalk, Value

PICKED: Final = "topk picks among the units that stay"
_PASS_ON: Final = {
    "view", "reshape", "flatten", "to", "_to_copy", "clone", "contiguous", "detach", "alias",
    "squeeze", "unsqueeze", "transpose", "permute", "slice", "select", "expand", "sort",
}  # fmt: skip
_HANDLED: Final = {"histc", "index", "index_select", "getitem", "_assert_tensor_metadata",
                   "sym_size", "empty_like", "zeros_like"}  # fmt: skip
_NEAR: Final = 60


@rule("topk")
def topk(walk: CouplingWalk, node: fx.Node) -> Value:
    """Pick the units of largest scores; their numbers are followed."""
    dims = walk.dims(node.args[0])
    axis = int(argument(node, "dim", -1)) % len(dims)
    dim = dims[axis]
    if dim.labels is None or (dim.labels < 0).any() or not numbers_used(node):
        return ordered(walk, node)
    walk.ledger.mark(dim, "normalised", PICKED)
    walk.read(node, node.args[0], axis, statistic=True)
    for user in node.users:
        if user.args[1] == 1:
            walk.numbers[user] = dim
    picked = Dim(walk.shapes(node)[0][axis], why="it counts picked units")
    result = (*dims[:axis], picked, *dims[axis + 1 :])
    return [result, result]


def follow(walk: CouplingWalk, node: fx.Node) -> None:
    """Follow numbers of units through ``node``, or keep all units where it is not known how."""
    for source in node.all_input_nodes:
        dim = walk.numbers.get(source)
        if dim is None:
            continue
        name = operator_name(node)
        if name == "sort":
            for user in node.users:
                if user.args[1] == 0:
                    walk.numbers[user] = dim
        elif name in _PASS_ON or (name == "index" and source is node.args[0]):
            walk.numbers[node] = dim
        elif name not in _HANDLED:
            walk.ledger.block(dim, f"{name} computes with the numbers of picked units")


@rule("histc")
def histogram(walk: CouplingWalk, node: fx.Node) -> Value:
    """How often each unit was picked: a bin for each."""
    dim = walk.numbers.get(node.all_input_nodes[0])
    bins, low, high = (argument(node, name) for name in ("bins", "min", "max"))
    if dim is None or (bins, low, high) != (dim.size, 0, dim.size - 1):
        return walk.refuse(node, "histc counts values")
    walk.counts.add(node)
    return (Dim(dim.size, dim.labels, dim.why),)


@rule("cumsum")
def running_sum(walk: CouplingWalk, node: fx.Node) -> Value:
    """A running sum needs every unit, unless it is of counts: those of removed units are 0."""
    if node.args[0] in walk.counts:
        walk.counts.add(node)
        return walk.dims(node.args[0])
    return ordered(walk, node)


@rule("grouped_mm")
def grouped_product(walk: CouplingWalk, node: fx.Node) -> Value:
    """Rows times the matrix of their expert."""
    rows, matrices, ends = node.args
    dims, stack = walk.dims(rows), walk.dims(matrices)
    ledger = walk.ledger
    if ends not in walk.counts:
        ledger.block(stack[0], "its rows are sorted by number")
    ledger.unite(stack[0], walk.dims(ends)[0])
    ledger.unite(dims[1], stack[1])
    walk.read(node, rows, 1)
    walk.role(matrices, stack[1], "consumer")
    walk.role(matrices, stack[2], "producer")
    if _behind_another(node):  # what scales an expert's output scales these weights
        walk.role(matrices, stack[0], "consumer")
    return (dims[0], Dim(stack[2].size, stack[2].labels, stack[2].why))


def _behind_another(node: fx.Node) -> bool:
    """Whether the rows come from a product by the same experts."""
    waiting, seen = [node.args[0]], 0
    while waiting and seen < _NEAR:
        source = waiting.pop(0)
        seen += 1
        if isinstance(source, fx.Node) and source.op == "call_function":
            if source.target is node.target and source.args[2] is node.args[2]:
                return True
            waiting += source.all_input_nodes
    return False
