"""Which dimensions each operator's multiply-accumulates are a product of: one row per operator.

A count is a sum of products of sizes. Named by their dimensions, the same rows give the numbers of
a dense network and, as polynomials in what is kept, those of every smaller one.
"""

import math
from collections.abc import Callable
from typing import Any, Final

from torch import Tensor, fx
from torch.utils import _pytree as pytree

from prunescope.capture.functional import operator_name

Values = dict[fx.Node, Any]
Place = tuple[fx.Node, int]
"""A node that gives one tensor, and a dimension of it."""
Product = tuple[Place, ...]


def shape_of(values: Values, argument: object) -> tuple[int, ...]:
    """Return the shape of the tensor that ``argument`` is or gives, or ``()``."""
    value = values[argument] if isinstance(argument, fx.Node) else argument
    return tuple(int(size) for size in value.shape) if isinstance(value, Tensor) else ()


def count(products: list[Product], values: Values) -> int:
    """Return the number that a sum of products of dimensions stands for."""
    return sum(
        math.prod(shape_of(values, node)[axis] for node, axis in product) for product in products
    )


def _places(values: Values, node: object, *axes: int) -> Product:
    """The dimensions of ``node``, all or those that are named (from behind, if negative)."""
    if not isinstance(node, fx.Node):
        return ()
    rank = len(shape_of(values, node))
    return tuple((node, axis % rank) for axis in (axes or range(rank)))


def _after(values: Values, node: object, first: int) -> Product:
    return _places(values, node)[first:]


def _convolution(node: fx.Node, values: Values) -> list[Product]:
    if operator_name(node) == "convolution" and len(node.args) > 6 and node.args[6]:
        return _transposed(node, values)
    return [_places(values, node) + _after(values, node.args[1], 1)]


def _transposed(node: fx.Node, values: Values) -> list[Product]:
    return [_places(values, node.args[0]) + _after(values, node.args[1], 1)]


def _linear(node: fx.Node, values: Values) -> list[Product]:
    return [_places(values, node) + _places(values, node.args[1], -1)]


def _matmul(node: fx.Node, values: Values) -> list[Product]:
    return [_places(values, node) + _places(values, node.args[0], -1)]


def _addmm(node: fx.Node, values: Values) -> list[Product]:
    return [_places(values, node) + _places(values, node.args[1], -1)]


def _attention(node: fx.Node, values: Values) -> list[Product]:
    """Scores, and their product with the values; of grouped queries each head counts."""
    query, key, value = node.args[:3]
    shapes = [shape_of(values, operand) for operand in (query, key)]
    lead = _places(values, query)[: len(shapes[0]) - 3]
    if len(shapes[0]) > 2:
        widest = query if shapes[0][-3] >= shapes[1][-3] else key
        lead += _places(values, widest, -3)
    scores = lead + _places(values, query, -2) + _places(values, key, -2)
    return [scores + _places(values, query, -1), scores + _places(values, value, -1)]


def _recurrent(node: fx.Node, values: Values) -> list[Product]:
    """Each weight matrix multiplies once per time step and sample."""
    steps = _places(values, node.args[0])[:-1]
    weights = [leaf for leaf in pytree.tree_leaves(node.args[1:]) if isinstance(leaf, fx.Node)]
    matrices = [weight for weight in weights if len(shape_of(values, weight)) == 2]
    return [steps + _places(values, matrix) for matrix in matrices]


def _cell(node: fx.Node, values: Values) -> list[Product]:
    """One step: both matrices multiply once per sample."""
    samples = _places(values, node.args[0])[:-1]
    return [samples + _places(values, matrix) for matrix in node.args[2:4]]


def _einsum(node: fx.Node, values: Values) -> list[Product]:
    """Every index of the equation runs once (no contraction order is assumed)."""
    equation = str(node.args[0]).replace(" ", "")
    operands = pytree.tree_leaves(node.args[1])
    if "." in equation:
        return [_places(values, node)]
    places: dict[str, Place] = {}
    for letters, operand in zip(equation.split("->")[0].split(","), operands, strict=True):
        for letter, place in zip(letters, _places(values, operand), strict=True):
            known = places.setdefault(letter, place)
            if shape_of(values, known[0])[known[1]] == 1:  # broadcast along the other operand
                places[letter] = place
    return [tuple(places.values())]


MAC_FACTORS: Final[dict[str, Callable[[fx.Node, Values], list[Product]]]] = {
    **dict.fromkeys(("conv1d", "conv2d", "conv3d", "convolution"), _convolution),
    **dict.fromkeys(("conv_transpose1d", "conv_transpose2d", "conv_transpose3d"), _transposed),
    "linear": _linear,
    **dict.fromkeys(("matmul", "mm", "bmm"), _matmul),
    **dict.fromkeys(("addmm", "baddbmm"), _addmm),
    "einsum": _einsum,
    "grouped_mm": _matmul,
    "scaled_dot_product_attention": _attention,
    **dict.fromkeys(("lstm", "gru", "rnn_tanh", "rnn_relu"), _recurrent),
    **dict.fromkeys(("lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell"), _cell),
}
"""ATen operator → the products of dimensions whose sum is its multiply-accumulates."""
