"""Operators that work index by index: their operands' indices leave together."""

from collections.abc import Sequence
from typing import Final

from torch import fx

from prunescope.coupling.labels import Dim
from prunescope.coupling.operator_arguments import argument
from prunescope.coupling.rule_table import rule
from prunescope.coupling.walk import CouplingWalk, Value

_POINTWISE: Final = (
    "add", "sub", "rsub", "mul", "div", "true_divide", "floor_divide", "remainder", "fmod", "pow",
    "neg", "abs", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "rsqrt",
    "reciprocal", "square", "sign", "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh",
    "cosh", "tanh", "erf", "erfc", "floor", "ceil", "round", "trunc", "frac", "sigmoid",
    "log_sigmoid", "relu", "relu6", "elu", "selu", "celu", "gelu", "silu", "mish", "hardtanh",
    "hardsigmoid", "hardswish", "hardshrink", "softshrink", "tanhshrink", "leaky_relu",
    "softplus", "softsign", "threshold", "clamp", "clamp_min", "clamp_max", "clip", "maximum",
    "minimum", "where", "eq", "ne", "lt", "le", "gt", "ge", "logical_and", "logical_or",
    "logical_not", "logical_xor", "bitwise_and", "bitwise_or", "bitwise_not", "bitwise_xor",
    "isnan", "isinf", "isfinite", "nan_to_num", "masked_fill", "lerp", "addcmul", "addcdiv",
    "hypot", "logit", "xlogy", "logaddexp", "dropout", "feature_dropout", "alpha_dropout",
    "__and__", "__or__", "__xor__", "__invert__", "rrelu", "real", "imag", "angle", "complex",
    "polar",
)  # fmt: skip
_COPIES: Final = (
    "clone", "contiguous", "detach", "alias", "to", "_to_copy", "type_as", "lift_fresh_copy",
    "lift_fresh", "float", "double", "half", "bfloat16", "int", "long", "bool", "zeros_like",
    "ones_like", "full_like", "empty_like", "conj", "resolve_conj",
    "fill", "zero", "detach_copy", "alias_copy",
)  # fmt: skip


def broadcast(
    walk: CouplingWalk, operands: Sequence[tuple[Dim, ...]], sizes: Sequence[int]
) -> Value:
    """Return the dimensions of an elementwise result of shape ``sizes``, operands united."""
    result: list[Dim] = []
    for back in range(len(sizes), 0, -1):
        size = sizes[len(sizes) - back]
        meeting = [dims[-back] for dims in operands if len(dims) >= back]
        meeting = [dim for dim in meeting if dim.size == size and size > 1]
        if not meeting:
            result.append(Dim(size))
            continue
        united = meeting[0]
        for other in meeting[1:]:
            united = walk.ledger.unite(united, other)
        result.append(united)
    return tuple(result)


@rule(*_POINTWISE, "expand_as", "copy")
def pointwise(walk: CouplingWalk, node: fx.Node) -> Value:
    """Unite the operands, broadcast as torch does."""
    operands = [walk.dims(source) for source in _operands(node)]
    return broadcast(walk, operands, walk.shape(node))


@rule(*_COPIES)
def copies(walk: CouplingWalk, node: fx.Node) -> Value:
    """Keep the dimensions of the first operand, whatever the others are."""
    return walk.dims(node.args[0])


@rule("prelu")
def prelu(walk: CouplingWalk, node: fx.Node) -> Value:
    """One slope for every channel (dimension 1), or one for all."""
    dims = walk.dims(node.args[0])
    slope = walk.dims(node.args[1])
    if slope and slope[0].size > 1:
        axis = 1 if len(dims) > 1 else 0
        united = walk.ledger.unite(dims[axis], slope[0])
        dims = (*dims[:axis], united, *dims[axis + 1 :])
    return dims


@rule("glu")
def glu(walk: CouplingWalk, node: fx.Node) -> Value:
    """The two halves of a dimension gate each other, index by index."""
    dims = list(walk.dims(node.args[0]))
    axis = argument(node, "dim", -1) % len(dims)
    dim = dims[axis]
    if dim.labels is None:
        dims[axis] = Dim(dim.size // 2, why=dim.why)
    else:
        half = dim.size // 2
        walk.ledger.join(dim.labels[:half], dim.labels[half:], dim.why)
        dims[axis] = Dim(half, dim.labels[:half], dim.why)
    return tuple(dims)


def _operands(node: fx.Node) -> list[object]:
    return [
        operand for operand in (*node.args, *node.kwargs.values()) if isinstance(operand, fx.Node)
    ]
