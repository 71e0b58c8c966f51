"""Find the residual blocks of a graph: sums of which one operand passes a branch by.

One operand is the input of the other, directly or through what only hands it on (a dropout, a
pooling, an earlier sum of the same stream). Everything that only the branch needs leaves with it;
a branch without weights of its own is no block. Which line, module or class it came from does not
matter.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, fx

from prunescope.blocks.block import Block, BlockRefusal, Blocks
from prunescope.blocks.leaving import leaving
from prunescope.blocks.naming import name_blocks
from prunescope.capture.graph import Captured
from prunescope.capture.shapes import shapes
from prunescope.capture.source_line import source_line
from prunescope.coupling.naming import layer_of
from prunescope.coupling.walk import first_names

_KNOWN: "WeakKeyDictionary[fx.GraphModule, Blocks]" = WeakKeyDictionary()


def find_blocks(captured: Captured) -> Blocks:
    """Return the blocks of ``captured``, cached per graph, and the sums that are none and why."""
    if captured.module not in _KNOWN:
        _KNOWN[captured.module] = _Finder(captured).blocks()
    return _KNOWN[captured.module]


@dataclass(frozen=True)
class _Sum:
    """A sum of two activations that have a common source."""

    node: fx.Node
    branch: int | None
    reason: str = ""


class _Finder:
    """What the search needs of a graph: shapes, and which activations follow from which."""

    def __init__(self, captured: Captured) -> None:
        self._module = captured.module
        self._shapes = shapes(captured)
        self._first = first_names(captured.module)
        self._nodes = list(captured.module.graph.nodes)
        self._weights = {
            name
            for name, parameter in captured.module.named_parameters(remove_duplicate=False)
            if parameter.ndim > 1
        }
        self._number = {node: number for number, node in enumerate(self._nodes)}
        self._above: dict[fx.Node, int] = {}
        self._stream: dict[fx.Node, int] = {}

    def blocks(self) -> Blocks:
        """Return what there is."""
        sums: list[_Sum] = []
        for node, number in self._number.items():
            sources = [source for source in node.all_input_nodes if self._above.get(source)]
            self._above[node] = 0
            if not self._is_activation(node):
                continue
            if sources or node.op == "placeholder":
                bits = 1 << number
                for source in sources:
                    bits |= self._above[source]
                self._above[node] = bits
            one = self._sum(node, sources)
            if one is not None:
                sums.append(one)
            self._stream[node] = self._passed(node, sources, one)
        return self._named(sums)

    def _is_activation(self, node: fx.Node) -> bool:
        """Whether ``node`` gives tensors: sizes of tensors carry no values on."""
        value = self._shapes.get(node)
        parts = value if isinstance(value, list | tuple) else (value,)
        return any(isinstance(part, Tensor) for part in parts)

    def _passed(self, node: fx.Node, sources: Sequence[fx.Node], one: _Sum | None) -> int:
        """The activations that ``node`` is, or hands on: itself, and what it passes by."""
        bits = 1 << self._number[node]
        if one is not None and one.branch is not None:
            skip = node.args[1 - one.branch]
            return bits | self._stream[skip] if isinstance(skip, fx.Node) else bits
        alone = len(sources) == 1 and not any(map(self._weight, node.all_input_nodes))
        return bits | self._stream[sources[0]] if alone else bits

    def _sum(self, node: fx.Node, sources: Sequence[fx.Node]) -> _Sum | None:
        """The sum that ``node`` is, with its branch, or why it has none; None for other nodes."""
        if node.op != "call_function" or node.target is not torch.ops.aten.add.Tensor:
            return None
        if len(sources) != 2 or not self._above[sources[0]] & self._above[sources[1]]:
            return None
        operands = [argument for argument in node.args[:2] if isinstance(argument, fx.Node)]
        if len(operands) != 2:
            return None
        for branch in (1, 0):
            skip, other = operands[1 - branch], operands[branch]
            if self._stream[skip] & self._above[other] and self._own(node, branch):
                return self._checked(node, branch, skip)
        own = [self._own(node, branch) for branch in (0, 1)]
        if not all(own):
            return None
        shortcut = min(own, key=len)
        return _Sum(
            node, None,
            f"its shortcut has weights of its own ({', '.join(shortcut[:2])}), so the sum has no "
            "operand that is left as it was without the block",
        )  # fmt: skip

    def _checked(self, node: fx.Node, branch: int, skip: fx.Node) -> _Sum:
        """The sum with its branch, unless the sum is not the other operand without it."""
        before, after = self._shapes[skip], self._shapes[node]
        reason = ""
        if before.shape != after.shape:
            reason = (
                f"the sum spreads what passes the block by from {tuple(before.shape[1:])} to "
                f"{tuple(after.shape[1:])}"
            )
        elif before.dtype != after.dtype:
            reason = f"the sum makes {after.dtype} of {before.dtype}"
        elif branch == 0 and node.kwargs.get("alpha", 1) != 1:
            reason = "the sum multiplies what passes the block by"
        return _Sum(node, None if reason else branch, reason)

    def _own(self, node: fx.Node, branch: int) -> list[str]:
        """The layers whose weights only the operand ``branch`` of the sum ``node`` needs."""
        other = node.args[branch]
        dead = {node}
        layers: dict[str, None] = {}
        if not isinstance(other, fx.Node) or node.args[1 - branch] is other:
            return []
        for candidate in reversed(self._nodes[: self._number[node]]):
            users = set(candidate.users)
            if candidate is other and users == {node}:
                dead.add(candidate)
            elif users and users <= dead and node not in users:
                dead.add(candidate)
                if self._weight(candidate):
                    layers.setdefault(layer_of(self._first[str(candidate.target)]))
        return list(reversed(layers))

    def _weight(self, node: fx.Node) -> bool:
        """Whether ``node`` reads a parameter that multiplies and sums."""
        return node.op == "get_attr" and str(node.target) in self._weights

    def _named(self, sums: Sequence[_Sum]) -> Blocks:
        """The sums with names and layers; refused ones that lie in a block are its own matter."""
        drafts = [
            Block(one.node.name, one.node.name, one.branch, ())
            for one in sums
            if one.branch is not None
        ]
        clauses = leaving(self._module.graph, drafts)
        inside: dict[str, dict[str, None]] = {draft.name: {} for draft in drafts}
        for node in self._nodes:
            if node.op != "get_attr" or str(node.target) not in self._first:
                continue
            for draft in drafts:
                if all(draft.name in clause for clause in clauses[node]):
                    inside[draft.name].setdefault(layer_of(self._first[str(node.target)]))
        layers = [list(inside[draft.name]) for draft in drafts]
        known = {layer_of(name) for name in self._first.values()}
        weighty = {layer_of(self._first[name]) for name in self._weights}
        multiplying = [[name for name in own if name in weighty] for own in layers]
        names = name_blocks(multiplying, known)
        removable = tuple(
            replace(draft, name=name, layers=tuple(own))
            for draft, name, own in zip(drafts, names, layers, strict=True)
        )
        refused = [
            one
            for one in sums
            if one.branch is None and not any(clause for clause in clauses[one.node])
        ]
        refused_layers = [
            list(dict.fromkeys([*self._own(one.node, 0), *self._own(one.node, 1)]))
            for one in refused
        ]
        refused_names = name_blocks(refused_layers, {*known, *names})
        return Blocks(
            removable,
            tuple(
                BlockRefusal(name, tuple(own), one.reason, source_line(one.node))
                for one, name, own in zip(refused, refused_names, refused_layers, strict=True)
            ),
        )
