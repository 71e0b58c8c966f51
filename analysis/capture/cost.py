"""Parameters, bytes, multiply-accumulates and activation memory of a captured graph.

One row per operator in ``MACS``; an operator without a row costs no multiply-accumulates and,
if it could, is listed in ``Cost.uncounted``, so that no number hides what it leaves out.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from torch import Tensor, fx
from torch.utils import _pytree as pytree

from prunescope.capture.functional import operator_name
from prunescope.capture.graph import Captured
from prunescope.capture.shapes import shapes


@dataclass(frozen=True)
class Cost:
    """What a graph costs for one sample.

    Attributes:
        parameters: Elements of all parameters, shared ones once.
        buffers: Elements of all buffers that are saved.
        bytes: Bytes of parameters and saved buffers.
        macs: Multiply-accumulates of one sample.
        macs_by_node: The same per node name; nodes without cost are left out.
        activation_bytes: Largest sum of bytes alive at once between two operators, inputs and
            outputs included, weights excluded, views counted as copies.
        output_bytes: Bytes of each node's output.
        uncounted: Operators that multiply but have no row here.
    """

    parameters: int
    buffers: int
    bytes: int
    macs: int
    macs_by_node: dict[str, int]
    activation_bytes: int
    output_bytes: dict[str, int]
    uncounted: tuple[str, ...]


Values = dict[fx.Node, Any]


def _shape(values: Values, argument: object) -> tuple[int, ...]:
    value = values[argument] if isinstance(argument, fx.Node) else argument
    return tuple(int(size) for size in value.shape) if isinstance(value, Tensor) else ()


def _convolution(node: fx.Node, values: Values) -> int:
    if operator_name(node) == "convolution" and len(node.args) > 6 and node.args[6]:
        return _transposed(node, values)
    weight = _shape(values, node.args[1])
    return math.prod(_shape(values, node)) * math.prod(weight[1:])


def _transposed(node: fx.Node, values: Values) -> int:
    weight = _shape(values, node.args[1])
    return math.prod(_shape(values, node.args[0])) * math.prod(weight[1:])


def _linear(node: fx.Node, values: Values) -> int:
    return math.prod(_shape(values, node)) * _shape(values, node.args[1])[-1]


def _matmul(node: fx.Node, values: Values) -> int:
    return math.prod(_shape(values, node)) * _shape(values, node.args[0])[-1]


def _addmm(node: fx.Node, values: Values) -> int:
    return math.prod(_shape(values, node)) * _shape(values, node.args[1])[-1]


def _attention(node: fx.Node, values: Values) -> int:
    query, key, value = (_shape(values, argument) for argument in node.args[:3])
    heads = max(query[-3], key[-3]) if len(query) > 2 else 1
    lead = math.prod(query[:-3]) * heads
    return lead * query[-2] * key[-2] * (query[-1] + value[-1])


def _recurrent(node: fx.Node, values: Values) -> int:
    """Each weight matrix multiplies once per time step and sample."""
    steps = math.prod(_shape(values, node.args[0])[:-1])
    weights = [leaf for leaf in pytree.tree_leaves(node.args[1:]) if isinstance(leaf, fx.Node)]
    matrices = [values[leaf] for leaf in weights]
    return steps * sum(v.numel() for v in matrices if isinstance(v, Tensor) and v.ndim == 2)


def _einsum(node: fx.Node, values: Values) -> int:
    """Every index of the equation runs once (no contraction order is assumed)."""
    equation = str(node.args[0]).replace(" ", "")
    operands = pytree.tree_leaves(node.args[1])
    if "." in equation:
        return math.prod(_shape(values, node))
    sizes: dict[str, int] = {}
    for letters, operand in zip(equation.split("->")[0].split(","), operands, strict=True):
        sizes.update(zip(letters, _shape(values, operand), strict=True))
    return math.prod(sizes.values())


MACS: Final[dict[str, Callable[[fx.Node, Values], int]]] = {
    "conv1d": _convolution,
    "conv2d": _convolution,
    "conv3d": _convolution,
    "convolution": _convolution,
    "conv_transpose1d": _transposed,
    "conv_transpose2d": _transposed,
    "conv_transpose3d": _transposed,
    "linear": _linear,
    "matmul": _matmul,
    "mm": _matmul,
    "bmm": _matmul,
    "addmm": _addmm,
    "baddbmm": _addmm,
    "einsum": _einsum,
    "scaled_dot_product_attention": _attention,
    "lstm": _recurrent,
    "gru": _recurrent,
    "rnn_tanh": _recurrent,
    "rnn_relu": _recurrent,
}
_MULTIPLIES: Final = (
    "conv",
    "mm",
    "matmul",
    "linear",
    "attention",
    "bilinear",
    "dot",
    "lstm",
    "gru",
)


def cost(captured: Captured) -> Cost:
    """Return what ``captured`` costs for one sample.

    Convolutions, linear layers, matrix products and attention count one multiply-accumulate per
    product; biases, norms, activations, softmax and pooling count none (as fvcore and
    Torch-Pruning count).
    """
    values = shapes(captured)
    macs: dict[str, int] = {}
    uncounted: set[str] = set()
    for node in captured.module.graph.nodes:
        if node.op != "call_function":
            continue
        name = operator_name(node)
        if name in MACS:
            macs[node.name] = MACS[name](node, values)
        elif any(part in name for part in _MULTIPLIES):
            uncounted.add(name)
    parameters = {id(p): p for p in captured.module.parameters()}.values()
    saved = set(captured.module.state_dict()) - {
        name for name, _ in captured.module.named_parameters(remove_duplicate=False)
    }
    saved_buffers = [b for name, b in captured.module.named_buffers() if name in saved]
    return Cost(
        parameters=sum(p.numel() for p in parameters),
        buffers=sum(b.numel() for b in saved_buffers),
        bytes=sum(t.numel() * t.element_size() for t in [*parameters, *saved_buffers]),
        macs=sum(macs.values()),
        macs_by_node=macs,
        activation_bytes=_peak(captured.module, values),
        output_bytes={node.name: _bytes(value) for node, value in values.items()},
        uncounted=tuple(sorted(uncounted)),
    )


def _bytes(value: object) -> int:
    leaves = [leaf for leaf in pytree.tree_leaves(value) if isinstance(leaf, Tensor)]
    return sum(leaf.numel() * leaf.element_size() for leaf in leaves)


def _peak(module: fx.GraphModule, values: Values) -> int:
    """Walk the graph in order; a tensor lives from its node to its last reader."""
    last: dict[fx.Node, fx.Node] = {}
    for node in module.graph.nodes:
        for source in node.all_input_nodes:
            last[source] = node
    alive = peak = 0
    ends: dict[fx.Node, list[fx.Node]] = {}
    for source, reader in last.items():
        ends.setdefault(reader, []).append(source)
    for node in module.graph.nodes:
        if node.op in ("placeholder", "call_function") and node in last:
            alive += _bytes(values[node])
        peak = max(peak, alive)
        for source in ends.get(node, []):
            if source.op in ("placeholder", "call_function"):
                alive -= _bytes(values[source])
    return peak
