"""What becomes of a layer's outputs first: batch norm, a sum, an activation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor, fx

from prunescope.capture.functional import operator_name
from prunescope.moments.weight_operators import Site

_PASSING: Final = {"dropout", "contiguous", "clone", "alias", "detach"}
_ENDS: Final = {"relu": (0.0, None), "relu6": (0.0, 6.0)}
_BOUNDED: Final = {"hardtanh": (-1.0, 1.0), "clamp": (None, None), "clamp_min": (None, None)}
_CURVED: Final = {
    "gelu", "silu", "hardswish", "leaky_relu", "elu", "selu", "celu", "mish", "softplus", "sigmoid",
    "tanh", "hardsigmoid",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Tail:
    """The nodes after a site, each the only reader of the one before it.

    Attributes:
        norm: A batch norm on running statistics, or None.
        other: What is added to the outputs, of their shape; None if nothing is.
        activation: The elementwise function at the end, or None.
    """

    norm: fx.Node | None = None
    other: fx.Node | None = None
    activation: fx.Node | None = None

    def scale_and_shift(self, tensors: Mapping[fx.Node, Any]) -> tuple[Tensor, Tensor] | None:
        """Return what the norm multiplies by and adds, ``(outputs,)`` float32; None without one."""
        if self.norm is None:
            return None
        _, weight, bias, mean, variance, _, _, epsilon = self.norm.args[:8]
        read = [tensors[node] if isinstance(node, fx.Node) else None for node in (weight, bias)]
        centre, spread = tensors[mean], tensors[variance]  # type: ignore[index]
        scale = (spread.double() + float(epsilon)).rsqrt()  # type: ignore[arg-type]
        scale = scale if read[0] is None else scale * read[0].double()
        shift = -centre.double() * scale
        shift = shift if read[1] is None else shift + read[1].double()
        return scale.float(), shift.float()

    def goals(self, target: Tensor, present: Tensor) -> Tensor:
        """Return what the inputs of the activation should be, ``(rows, outputs)``.

        Where the activation is flat, any value on the flat side will do, so the present one stays
        if it lies there. Elsewhere it is the dense value; for a curved function the present one,
        moved down the gradient of the squared difference behind the function.

        Args:
            target: Dense inputs of the activation.
            present: What the pruned network has in their place.
        """
        if self.activation is None:
            return target
        ends = _ends(self.activation)
        if ends is None:
            with torch.enable_grad():
                point = present.detach().requires_grad_()
                value = self.value(point)
                (slope,) = torch.autograd.grad(value.sum(), [point])
            return present + slope * (self.value(target) - value.detach())
        low, high = ends
        goal = target
        if low is not None:
            goal = torch.where(target > low, goal, present.clamp(max=low))
        if high is not None:
            goal = torch.where(target < high, goal, present.clamp(min=high))
        return goal

    def value(self, inputs: Tensor) -> Tensor:
        """Return what the activation makes of its inputs; these themselves without one."""
        if self.activation is None:
            return inputs
        _, *others = self.activation.args
        value: Tensor = self.activation.target(inputs, *others, **self.activation.kwargs)  # type: ignore[operator]
        return value


def tail_of(site: Site) -> Tail:
    """Return what follows ``site``; a sum whose other operand comes later ends it."""
    norm = other = None
    node = site.node
    before = {node}
    while len(node.users) == 1:
        (reader,) = node.users
        kind = operator_name(reader) if reader.op == "call_function" else ""
        if kind == "batch_norm" and norm is None and other is None and _runs(reader, node):
            norm = reader
        elif kind == "add" and other is None:
            other = _operand(reader, node)
            if other is None or not _earlier(other, site.node):
                return Tail(norm)
        elif _elementwise(reader, kind, node):
            return Tail(norm, other, reader)
        elif kind not in _PASSING:
            break
        node = reader
        before.add(node)
    return Tail(norm, other)


def _runs(reader: fx.Node, node: fx.Node) -> bool:
    return reader.args[0] is node and isinstance(reader.args[3], fx.Node) and not reader.args[5]


def _operand(reader: fx.Node, node: fx.Node) -> fx.Node | None:
    """The other operand of a plain sum of two tensors of one shape."""
    pair = [argument for argument in reader.args if argument is not node]
    if len(reader.args) != 2 or reader.kwargs or len(pair) != 1 or not isinstance(pair[0], fx.Node):
        return None
    shapes = [_shape(value) for value in (node, pair[0])]
    return pair[0] if shapes[0] is not None and shapes[0] == shapes[1] else None


def _shape(node: fx.Node) -> tuple[Any, ...] | None:
    value = node.meta.get("val")
    return tuple(map(str, value.shape)) if isinstance(value, Tensor) else None


def _earlier(one: fx.Node, other: fx.Node) -> bool:
    return one < other


def _elementwise(reader: fx.Node, kind: str, node: fx.Node) -> bool:
    if not reader.args or reader.args[0] is not node or len(reader.all_input_nodes) != 1:
        return False
    return kind in _CURVED or kind in _ENDS or kind in _BOUNDED


def _ends(node: fx.Node) -> tuple[float | None, float | None] | None:
    """Between which values an activation is the identity and beyond which it is flat, or None."""
    kind = operator_name(node)
    if kind in _ENDS:
        return _ENDS[kind]
    if kind not in _BOUNDED:
        return None
    low, high = _BOUNDED[kind]
    given = [*node.args[1:], None, None]
    ends = [given[0], given[1]]
    for place, (name, usual) in enumerate((("min", low), ("max", high))):
        if ends[place] is None:
            ends[place] = node.kwargs.get(f"{name}_val", node.kwargs.get(name, usual))
    return _number(ends[0]), _number(ends[1])


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
