"""Reductions: a sum without a unit is exact; a mean becomes that of the kept units."""

from typing import Any, Final

from torch import fx

from prunescope.capture.functional import operator_name
from prunescope.coupling.labels import Dim
from prunescope.coupling.operator_arguments import argument, has_argument
from prunescope.coupling.router import picks_experts
from prunescope.coupling.rule_table import rule
from prunescope.coupling.walk import CouplingWalk, Value

_STATISTICS: Final = (
    "mean", "var", "std", "nanmean", "var_mean", "std_mean", "norm", "linalg_vector_norm",
    "frobenius_norm",
)  # fmt: skip
_SUMS: Final = ("sum", "nansum")
_WHOLE: Final = (
    "amax", "amin", "max", "min", "logsumexp", "median", "prod", "any", "all", "argmax", "argmin",
)  # fmt: skip


@rule(*_STATISTICS, *_SUMS, *_WHOLE)
def reduction(walk: CouplingWalk, node: fx.Node) -> Value:
    """Drop the reduced dimensions; mark those whose statistic is over the kept indices."""
    name = operator_name(node)
    dims = walk.dims(node.args[0])
    if name in ("max", "min") and len(node.args) > 1 and isinstance(node.args[1], fx.Node):
        return walk.refuse(node, f"the operator {name} has no coupling rule for two tensors")
    axes = _places(node, len(dims))
    for axis in axes:
        dim = dims[axis]
        if dim.labels is None:
            continue
        if name in _SUMS:
            walk.read(node, node.args[0], axis)
        elif name in _STATISTICS:
            walk.ledger.mark(dim, "normalised", f"{name} over it is taken over the kept units")
            walk.read(node, node.args[0], axis, statistic=True)
        else:
            walk.ledger.block(dim, f"{name} over it needs every unit")
    keep = bool(argument(node, "keepdim", False))
    result: list[Dim] = []
    for axis, dim in enumerate(dims):
        if axis not in axes:
            result.append(dim)
        elif keep:
            result.append(Dim(1))
    multiple_results = len(node.target._schema.returns) > 1  # type: ignore[union-attr]
    return [tuple(result), tuple(result)] if multiple_results else tuple(result)


@rule("softmax", "log_softmax", "_softmax", "_log_softmax", "softmin")
def softmax(walk: CouplingWalk, node: fx.Node) -> Value:
    """Refuse: a softmax over units sums to one, so that even silent units get a part of it.

    A router's is over the experts that stay.
    """
    dims = walk.dims(node.args[0])
    axis = argument(node, "dim", -1) % len(dims)
    if picks_experts(node):
        walk.ledger.mark(dims[axis], "normalised", "a softmax over it is over the kept units")
        walk.read(node, node.args[0], axis, statistic=True)
    else:
        walk.ledger.block(dims[axis], "a softmax over it compares all")
    return dims


@rule("cumprod", "logcumsumexp", "sort", "argsort", "kthvalue", "cummax")
def ordered(walk: CouplingWalk, node: fx.Node) -> Value:
    """Refuse along the dimension whose order matters; the others pass through."""
    name = operator_name(node)
    dims = list(walk.dims(node.args[0]))
    axis = argument(node, "dim", -1) % max(1, len(dims))
    walk.ledger.block(dims[axis], f"{name} over it needs every unit")
    sizes = walk.shapes(node)[0] if _several(node) else walk.shape(node)
    if len(sizes) < len(dims):
        del dims[axis]
    else:
        dims[axis] = Dim(sizes[axis], why=f"{name} over it needs every unit")
    return [tuple(dims), tuple(dims)] if _several(node) else tuple(dims)


def _several(node: fx.Node) -> bool:
    return len(node.target._schema.returns) > 1  # type: ignore[union-attr]


def _places(node: fx.Node, rank: int) -> set[int]:
    axis_argument: Any = argument(node, "dim") if has_argument(node, "dim") else None
    if axis_argument is None or axis_argument == []:
        return set(range(rank))
    multiple_results = axis_argument if isinstance(axis_argument, list | tuple) else [axis_argument]
    return {axis % rank for axis in multiple_results}
