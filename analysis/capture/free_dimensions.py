"""The sizes of inputs that a graph leaves open besides the batch, and others to try it at."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from prunescope.capture.export_program import Place
from prunescope.capture.graph import Captured, Inputs, call_arguments

_IMAGE: Final = {4: ("height", "width"), 5: ("depth", "height", "width")}
"""Names of the dimensions behind the channels, by the rank of an input of real numbers."""


@dataclass(frozen=True)
class FreeDimension:
    """A dimension of an input that may have any size.

    Attributes:
        input: Name of the input, as programs and ONNX files call it.
        place: Which leaf of the inputs it is, and which dimension of that.
        name: The same for dimensions that must be equal: ``sequence``, ``height``, ...
        studied: The size with which the network is studied.
        second: Another size, at which the graph gave what the model gives.
    """

    input: str
    place: Place
    name: str
    studied: int
    second: int

    def __str__(self) -> str:
        """Return it in words.

        >>> str(FreeDimension("ids", (0, 1), "sequence", 16, 9))
        'sequence (dimension 1 of ids, studied at 16, checked at 9)'
        """
        return (
            f"{self.name} (dimension {self.place[1]} of {self.input}, studied at {self.studied}, "
            f"checked at {self.second})"
        )


def movable(example: Inputs) -> tuple[Place, ...]:
    """Return every dimension of ``example`` that could be free: all but the batch, and single ones.

    >>> movable({"ids": torch.zeros(2, 16), "scale": torch.zeros(2, 1)})
    ((0, 1),)
    """
    leaves = pytree.tree_leaves(call_arguments(example))
    return tuple(
        (position, dimension)
        for position, leaf in enumerate(leaves)
        if isinstance(leaf, Tensor)
        for dimension in range(1, leaf.ndim)
        if leaf.shape[dimension] > 1
    )


@dataclass(frozen=True)
class Symbols:
    """What torch found out about the free sizes of a graph.

    Attributes:
        sizes: For each free dimension, its size as an expression in symbols.
        studied: Each symbol's value in the example.
        ranges: The least and the largest value of each symbol.
        inputs: Name of each leaf.
        guards: What must hold of the symbols, or a program refuses the sizes.
    """

    sizes: Mapping[Place, Any]
    studied: Mapping[Any, int]
    ranges: Mapping[Any, tuple[int, int]]
    inputs: Sequence[str]
    guards: Collection[Any] = ()

    def allowed(self, values: Mapping[Any, int]) -> bool:
        """Return whether a program takes these ``values`` of its symbols."""
        every = {**self.studied, **values}
        return not any(guard.subs(every) == False for guard in self.guards)  # noqa: E712  (sympy)


def symbols(captured: Captured) -> Symbols:
    """Return which dimensions of ``captured``'s inputs are free, and how they depend."""
    leaves = pytree.tree_leaves(call_arguments(captured.example))
    nodes = [node for node in captured.module.graph.nodes if node.op == "placeholder"]
    sizes, studied, ranges = {}, {}, {}
    guards: set[Any] = set()
    for position, dimension in captured.free:
        size = nodes[position].meta["val"].shape[dimension]
        if not isinstance(size, torch.SymInt):
            continue
        expression, environment = size.node.expr, size.node.shape_env
        if environment is None or not expression.free_symbols:  # it turned out to be fixed
            continue
        sizes[position, dimension] = expression
        assert environment is not None  # an expression in symbols has one
        guards.update(guard.expr for guard in environment.guards)
        for symbol in expression.free_symbols:
            bounds = environment.var_to_range[symbol]
            ranges[symbol] = (_whole(bounds.lower, 0), _whole(bounds.upper, 1 << 40))
            if expression == symbol:
                studied[symbol] = int(leaves[position].shape[dimension])
    known = {place: size for place, size in sizes.items() if size.free_symbols <= set(studied)}
    return Symbols(known, studied, ranges, [str(node.target) for node in nodes], guards)


def second_values(known: Symbols, alone: Any = None) -> Iterator[dict[Any, int]]:
    """Yield other values of the symbols, the most telling first: odd, smaller, different ones.

    Args:
        known: The symbols.
        alone: The only one that changes, if not all do.
    """
    options = {
        symbol: _options(known.studied[symbol], *known.ranges[symbol])
        for symbol in known.studied
        if alone is None or symbol == alone
    }
    if not options or not all(options.values()):
        return
    choices = []
    if len(options) > 1:
        turned = enumerate(options.items())
        choices.append({symbol: values[turn % len(values)] for turn, (symbol, values) in turned})
    choices += [
        {symbol: values[turn % len(values)] for symbol, values in options.items()}
        for turn in range(max(map(len, options.values())))
    ]
    yield from filter(known.allowed, choices)


def resized(example: Inputs, known: Symbols, values: Mapping[Any, int]) -> Inputs:
    """Return ``example`` at other sizes: its values cut off, or repeated from the start."""
    leaves, spec = pytree.tree_flatten(example)
    flat = list(leaves)
    all_values = {**known.studied, **values}
    for (position, dimension), expression in known.sizes.items():
        flat[position] = resize(flat[position], dimension, int(expression.subs(all_values)))
    return cast(Inputs, pytree.tree_unflatten(flat, spec))


def resize(tensor: Tensor, dimension: int, size: int) -> Tensor:
    """Return ``tensor`` with ``size`` indices along ``dimension``, the first ones again if needed.

    >>> resize(torch.tensor([[1, 2, 3]]), 1, 5)
    tensor([[1, 2, 3, 1, 2]])
    """
    indices = torch.arange(size, device=tensor.device) % tensor.shape[dimension]
    return tensor.index_select(dimension, indices)


def dimension_names(example: Inputs, known: Symbols) -> dict[Place, str]:
    """Return a name for each free dimension; equal sizes have one name."""
    leaves = pytree.tree_leaves(call_arguments(example))
    by_size: dict[Any, str] = {}
    for (position, dimension), expression in known.sizes.items():
        if expression not in by_size:
            name = _name(leaves[position], dimension)
            taken = set(by_size.values())
            own = f"{known.inputs[position]}_{name}" if name in taken else name
            by_size[expression] = own if own not in taken else f"{own}_{dimension}"
    return {place: by_size[expression] for place, expression in known.sizes.items()}


def _name(leaf: Tensor, dimension: int) -> str:
    if leaf.is_floating_point() and leaf.ndim in _IMAGE and dimension > 1:
        return _IMAGE[leaf.ndim][dimension - 2]
    return "sequence" if leaf.ndim < 4 else f"size{dimension}"


def _options(size: int, least: int, most: int) -> list[int]:
    wanted = (size // 2 + 1, size // 2, 2 * size, size - size // 4, size + 1)
    fitting = [value for value in wanted if max(2, least) <= value <= most and value != size]
    return list(dict.fromkeys(fitting))


def _whole(bound: Any, otherwise: int) -> int:
    return int(bound) if bound.is_Integer else otherwise  # else it is an infinity of torch
