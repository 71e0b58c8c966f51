"""Operators that create tensors: constant ones may shrink, those that count positions may not."""

from torch import fx

from prunescope.coupling.labels import Dim
from prunescope.coupling.rule_table import rule
from prunescope.coupling.rules.join import any_size_dim
from prunescope.coupling.walk import CouplingWalk, Value


@rule("zeros", "ones", "full", "empty", "new_zeros", "new_ones", "new_full", "new_empty")
def fill(walk: CouplingWalk, node: fx.Node) -> Value:
    """All entries are equal, so any index may be removed."""
    return tuple(any_size_dim(walk, size) for size in walk.shape(node))


@rule("arange", "linspace", "eye", "scalar_tensor", "tensor", "tril_indices", "triu_indices",
      "rand", "randn", "randint", "logspace", "hann_window")  # fmt: skip
def count_positions(walk: CouplingWalk, node: fx.Node) -> Value:
    """The values are positions, so no index can be removed."""
    return tuple(Dim(size, why="it counts positions") for size in walk.shape(node))


@rule("tril", "triu")
def triangle(walk: CouplingWalk, node: fx.Node) -> Value:
    """The two last dimensions are compared by position."""
    dims = walk.dims(node.args[0])
    for dim in dims[-2:]:
        walk.ledger.block(dim, "it counts positions")
    return (*dims[:-2], *(Dim(dim.size, why="it counts positions") for dim in dims[-2:]))


@rule("sym_size", "_assert_tensor_metadata", "_assert_scalar", "_assert_async", "sym_numel",
      "sym_constrain_range_for_size", "sym_constrain_range")  # fmt: skip
def no_tensor(_walk: CouplingWalk, _node: fx.Node) -> Value:
    """A size or a check: no tensor comes back."""
    return None
