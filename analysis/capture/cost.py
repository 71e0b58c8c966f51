"""Parameters, bytes, multiply-accumulates and activation memory of a captured graph.

One row per operator in ``MAC_FACTORS``; an operator without a row costs no multiply-accumulates
and, if it could, is listed in ``Cost.uncounted``, so that no number hides what it leaves out.
"""

from dataclasses import dataclass
from typing import Final

from torch import Tensor, fx
from torch.utils import _pytree as pytree

from prunescope.capture.functional import operator_name
from prunescope.capture.graph import Captured
from prunescope.capture.mac_factors import MAC_FACTORS, Values, count
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
        if name in MAC_FACTORS:
            macs[node.name] = count(MAC_FACTORS[name](node, values), values)
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
