"""Walk a captured graph once and let each operator's rule decide about labels."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

import torch
from torch import Tensor, fx
from torch.utils import _pytree as pytree

from prunescope.capture.functional import operator_name
from prunescope.capture.graph import Captured
from prunescope.coupling.labels import Dim, Labels, Ledger

BATCH: Final = 10007
"""Samples in the walk's fake batch: a large prime, so that sizes with a batch in them show."""

INPUT: Final = "it is tied to the network's input"
OUTPUT: Final = "it is read as the network's output"
Key = tuple[str, str, int]

Value: TypeAlias = "tuple[Dim, ...] | list[Any] | None"
"""The dimensions of a tensor, the values of a list of tensors, or None for a number."""

Rule: TypeAlias = "Callable[[CouplingWalk, fx.Node], Value]"
"""What one operator does with the labels of the dimensions that it reads."""


@dataclass(frozen=True)
class Read:
    """An operator that mixes the indices of a dimension of one of its arguments.

    Attributes:
        node: The reader.
        source: The argument it reads.
        dimension: Of ``source``.
        statistic: Whether the reader's result depends on how many indices there are.
        own_state: Whether ``source`` is the matrix that reads the reader's own hidden state.
    """

    node: fx.Node
    source: fx.Node
    dimension: int
    statistic: bool = False
    own_state: bool = False


class CouplingWalk:
    """One pass over the graph, by ``rules``: ATen operator → what it does with labels.

    Attributes:
        values: The dimensions of every tensor.
        ledger: What the rules decided.
        options: For each decision that a scouting pass left open, the labels to choose from.
        repeats: For those decisions that are about repeated heads, the labels of the result.
        roles: What each parameter dimension does: ``producer``, ``consumer`` or ``depthwise``.
        reads: Who mixes which dimension.
        parameters: Labels of every parameter and buffer dimension, by first dotted name.
        numbers: Tensors whose values are numbers of units, and the dimension that they number.
        counts: Tensors that count how often each unit was picked, or add these counts up.
        whole: Dimensions of results that are computed in whole before some indices are dropped.
    """

    def __init__(
        self,
        captured: Captured,
        shapes: Mapping[fx.Node, Any],
        rules: Mapping[str, Rule],
        choices: Mapping[Key, int] | None,
        followers: Sequence["Callable[[CouplingWalk, fx.Node], None]"] = (),
    ) -> None:
        self._rules = rules
        self._followers = followers
        self._module = captured.module
        self._shapes = shapes
        self._choices = choices
        self._static: set[fx.Node] = set()
        self._first = first_names(captured.module)
        self.values: dict[fx.Node, Value] = {}
        self.ledger = Ledger()
        self.options: dict[Key, list[Labels]] = {}
        self.repeats: dict[Key, Labels] = {}
        self.roles: dict[tuple[str, int], str] = {}
        self.reads: list[Read] = []
        self.parameters: dict[str, tuple[Dim, ...]] = {}
        self.whole: set[tuple[fx.Node, int]] = set()
        self.numbers: dict[fx.Node, Dim] = {}
        self.counts: set[object] = set()

    def run(self) -> "CouplingWalk":
        """Visit every node in order, and return self."""
        for node in self._module.graph.nodes:
            self.ledger.operator = node
            self.values[node] = self._visit(node)
        return self

    @property
    def scouting(self) -> bool:
        """Whether this pass only collects options."""
        return self._choices is None

    def dims(self, node: object) -> tuple[Dim, ...]:
        """Return the dimensions of the tensor that ``node`` gives."""
        value = self.values[node] if isinstance(node, fx.Node) else None
        return value if isinstance(value, tuple) else ()

    def shape(self, node: fx.Node) -> tuple[int, ...]:
        """Return the shape of what ``node`` returns, for a batch of ``BATCH``."""
        return tuple(int(size) for size in self._shapes[node].shape)

    def shapes(self, node: fx.Node) -> list[tuple[int, ...]]:
        """Return the shapes of the tensors in the list that ``node`` returns."""
        return [tuple(int(size) for size in value.shape) for value in self._shapes[node]]

    def number(self, value: Any) -> Any:
        """Return ``value``, with symbolic sizes evaluated at a batch of ``BATCH``."""
        return pytree.tree_map(lambda v: self._shapes[v] if isinstance(v, fx.Node) else v, value)

    def fake(self, node: fx.Node) -> Any:
        """Return what ``node`` returns, as fake tensors."""
        return self._shapes[node]

    def constant(self, node: object) -> Tensor | None:
        """Return the tensor of a buffer that ``node`` reads as it is, or None."""
        if not isinstance(node, fx.Node) or node.op != "get_attr":
            return None
        buffers = dict(self._module.named_buffers(remove_duplicate=False))
        return buffers.get(str(node.target))

    def static(self, node: object) -> bool:
        """Whether ``node`` depends on parameters and constants only."""
        return isinstance(node, fx.Node) and node in self._static

    def weight(self, node: object) -> bool:
        """Whether ``node`` is static, or picks some of a static tensor's matrices by number."""
        return self.static(node) or (
            isinstance(node, fx.Node)
            and operator_name(node) in ("index", "index_select")
            and self.static(node.args[0])
            and any(source in self.numbers for source in node.all_input_nodes)
        )

    def choose(self, key: Key, candidates: Sequence[Labels]) -> int | None:
        """Return which candidate carries the units of a decision; None while scouting."""
        if self._choices is None:
            self.options[key] = list(candidates)
            return None
        sizes = [len(labels) for labels in candidates]
        fallback = max(range(len(sizes)), key=lambda index: (sizes[index], index))
        return min(self._choices.get(key, fallback), len(sizes) - 1)

    def read(
        self,
        node: fx.Node,
        source: object,
        dimension: int,
        statistic: bool = False,
        own_state: bool = False,
    ) -> None:
        """Record that ``node`` mixes the indices of ``dimension`` of ``source``."""
        if isinstance(source, fx.Node) and self.dims(source)[dimension].labels is not None:
            self.reads.append(Read(node, source, dimension, statistic, own_state))

    def role(self, node: object, dim: Dim, role: str) -> None:
        """Record what a parameter dimension does in an operator that multiplies by it."""
        if dim.origin is not None and self.weight(node):
            previous = self.roles.get(dim.origin)
            if previous is None or previous == "depthwise" or role == "producer":
                self.roles[dim.origin] = role

    def refuse(self, node: fx.Node, reason: str) -> Value:
        """Block everything that ``node`` reads, and return whole dimensions."""
        for source in node.all_input_nodes:
            dims = list(dimensions(self.values[source]))
            for dim in dims:
                self.ledger.block(dim, reason)
            if len(dims) > 1:
                self.role(source, dims[0], "producer")
        return self._fixed_dims(self._shapes[node], reason)

    def refuse_outputs(self, node: fx.Node, why: str) -> Value:
        """Return whole dimensions for what ``node`` returns, blocking nothing."""
        return self._fixed_dims(self._shapes[node], why)

    def _visit(self, node: fx.Node) -> Value:
        if node.op == "placeholder":
            return self._fixed_dims(self._shapes[node], INPUT)
        if node.op == "get_attr":
            return self._attribute(node)
        if node.op == "output":
            for leaf in pytree.tree_leaves(node.args):
                for dim in dimensions(self.values.get(leaf)):
                    self.ledger.block(dim, OUTPUT)
            return None
        if all(source in self._static for source in node.all_input_nodes):
            self._static.add(node)
        name = operator_name(node)
        if isinstance(node.target, torch._ops.HigherOrderOperator):
            return self.refuse(node, f"{name} runs a graph of its own")
        if not isinstance(node.target, torch._ops.OpOverload) and name != "getitem":
            return None  # arithmetic on sizes
        for follower in self._followers:
            follower(self, node)
        if name in self._rules:
            return self._rules[name](self, node)
        return self.refuse(node, f"the operator {name} has no coupling rule")

    def _attribute(self, node: fx.Node) -> Value:
        self._static.add(node)
        tensor = self._shapes[node]
        if not isinstance(tensor, Tensor):
            return None
        name = self._first.get(str(node.target), str(node.target))
        if name not in self.parameters:
            self.parameters[name] = tuple(
                Dim(size, self.ledger.fresh(size) if size > 1 else None, origin=(name, axis))
                for axis, size in enumerate(tensor.shape)
            )
        return self.parameters[name]

    def _fixed_dims(self, value: Any, why: str) -> Value:
        if isinstance(value, Tensor):
            return tuple(Dim(int(size), why=why) for size in value.shape)
        if isinstance(value, list | tuple):
            return [self._fixed_dims(element, why) for element in value]
        return None


def first_names(module: fx.GraphModule) -> dict[str, str]:
    """Return the first dotted name of the same tensor for every parameter and buffer name."""
    first: dict[int, str] = {}
    named = [
        *module.named_parameters(remove_duplicate=False),
        *module.named_buffers(remove_duplicate=False),
    ]
    return {name: first.setdefault(id(tensor), name) for name, tensor in named}


def fixed_dim(dim: Dim, size: int | None = None, why: str | None = None) -> Dim:
    """Return a dimension like ``dim`` of which no index can leave."""
    return Dim(dim.size if size is None else size, None, why or dim.why)


def relabel(dim: Dim, labels: Labels | None) -> Dim:
    """Return ``dim`` with other labels, its size following from them."""
    if labels is None:
        return replace(dim, labels=None)
    return replace(dim, labels=labels, size=len(labels))


def dimensions(value: Value) -> Iterator[Dim]:
    """Yield the dimensions of every tensor in ``value``."""
    if isinstance(value, tuple):
        yield from value
    elif isinstance(value, list):
        for element in value:
            yield from dimensions(element)
