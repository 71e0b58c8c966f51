"""The net under every removal: each group's smaller network runs once, on fake tensors.

A rule that overlooks a reader, or a size that no rewriting knows, shows as an exception or as
another shape; such a group is refused with that as its reason, before anybody measures it. Fake
tensors have shapes and no values, so nothing is computed, and only the operators behind a change
run again: the cost is linear in the groups.
"""

import heapq
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, fx, nn
from torch._subclasses.fake_tensor import FakeTensor
from torch.utils import _pytree as pytree

from prunescope.arrays import Flags
from prunescope.capture.functional import operator_name
from prunescope.capture.graph import Captured
from prunescope.capture.source_line import source_line
from prunescope.coupling import Coupling, Group, Refused, find_groups
from prunescope.coupling.find_groups import remember
from prunescope.coupling.labels import Dim
from prunescope.coupling.walk import dimensions, first_names
from prunescope.errors import CannotPrune
from prunescope.removal.rewrite import REWRITES, Rewrite
from prunescope.removal.selection import Selection
from prunescope.study.removed_counts import removed_units

_LONGEST = 160
Masks = dict[str, Flags]


def try_groups(captured: Captured) -> Coupling:
    """Return the groups of ``captured`` whose smaller networks run; the others are refused.

    Each group is tried alone, without a random half of its units, then all that remain at once.
    From then on ``find_groups`` gives the same answer for this graph.
    """
    coupling = find_groups(captured)
    if coupling.tried:
        return coupling
    trials = _Trials(captured, coupling)
    usable: list[Group] = []
    refused = list(coupling.refused)
    for group in coupling.groups:
        failure = trials.failure([group])
        if failure is None:
            usable.append(group)
        else:
            refused.append(failure)
    if trials.failure(usable) is not None:
        usable, more = _one_by_one(trials, usable)
        refused += more
    return remember(
        captured, Coupling(tuple(usable), tuple(refused), coupling.walk, coupling.solved, True)
    )


def random_half(group: Group) -> Flags:
    """Return a mask that removes a random half of the units of ``group``, the same each time."""
    mask = np.ones(group.units, bool)
    random = np.random.default_rng(zlib.crc32(group.name.encode()))
    mask[random.permutation(group.units)[: removed_units(group.units, 0.5)]] = False
    return mask


def _one_by_one(trials: "_Trials", groups: Sequence[Group]) -> tuple[list[Group], list[Refused]]:
    """The groups that can all leave together, and those that cannot beside the ones before them."""
    together: list[Group] = []
    refused = []
    for group in groups:
        failure = trials.failure([*together, group])
        if failure is None:
            together.append(group)
        else:
            refused.append(failure)
    return together, refused


class _Trials:
    """The dense graph's shapes, and a copy of the graph that trials rewrite for a while."""

    def __init__(self, captured: Captured, coupling: Coupling) -> None:
        self._captured, self._coupling = captured, coupling
        self._walk = coupling.walk
        self._nodes = list(captured.module.graph.nodes)
        self._order = {node: index for index, node in enumerate(self._nodes)}
        self._graph = fx.Graph()
        self._new: dict[fx.Node, fx.Node] = {}
        for node in self._nodes:
            self._new[node] = self._graph.node_copy(node, self._new.__getitem__)
        self._old = {new: old for old, new in self._new.items()}
        self._names = first_names(captured.module)
        self._sliced = {
            *dict(captured.module.named_buffers()),
            *dict(captured.module.named_parameters()),
        }
        leaves = pytree.tree_leaves([self._walk.fake(node) for node in self._nodes[:-1]])
        self._mode = next(leaf for leaf in leaves if isinstance(leaf, FakeTensor)).fake_mode
        self._touched = self._touched_nodes()

    def failure(self, groups: Sequence[Group]) -> Refused | None:
        """Return why the network without random halves of ``groups`` does not run, or None.

        The refusal is about the last of them.
        """
        if not groups:
            return None
        names = {group.name for group in groups}
        start = [
            index
            for number, group in enumerate(self._coupling.groups)
            if group.name in names
            for index in self._touched[number]
        ]
        selection = Selection(self._captured, {g.name: random_half(g) for g in groups})
        context = Rewrite(selection, nn.Module(), self._graph)
        changed: dict[fx.Node, Any] = {}
        waiting = sorted(set(start))
        done: set[int] = set()
        while waiting:
            index = heapq.heappop(waiting)
            if index in done:
                continue
            done.add(index)
            node = self._nodes[index]
            try:
                value = self._value(node, context, changed)
                self._require(node, value, selection)
            except CannotPrune as error:
                return _refused(groups[-1], node, str(error).partition(". ")[0])
            except Exception as error:  # noqa: BLE001 - whatever an operator raises
                text = " ".join(str(error).split())[:_LONGEST].rstrip(". ")
                return _refused(groups[-1], node, f"stops without half of them ({text})")
            if node.op != "output" and _sizes(value) != _sizes(self._walk.fake(node)):
                changed[node] = value
                for user in node.users:
                    heapq.heappush(waiting, self._order[user])
        return None

    def _touched_nodes(self) -> list[list[int]]:
        """For each group, the nodes of which it makes a result or an argument smaller."""
        coupling = self._coupling
        owner = np.full(coupling.solved.count, -1, np.int64)
        for number, group in enumerate(coupling.groups):
            owner[group.ids] = number
        by_labels: dict[int, list[int]] = {}

        def groups_of(dims: Iterable[Dim]) -> set[int]:
            numbers: set[int] = set()
            for dim in dims:
                if dim.labels is None:
                    continue
                if id(dim.labels) not in by_labels:
                    owners = np.unique(owner[coupling.solved.unit[dim.labels[dim.labels >= 0]]])
                    by_labels[id(dim.labels)] = owners[owners >= 0].tolist()
                numbers.update(by_labels[id(dim.labels)])
            return numbers

        made = {node: groups_of(dimensions(self._walk.values[node])) for node in self._nodes}
        touched: list[list[int]] = [[] for _ in coupling.groups]
        for index, node in enumerate(self._nodes):
            for number in made[node].union(*(made[source] for source in node.all_input_nodes)):
                touched[number].append(index)
        return touched

    def _value(self, node: fx.Node, context: Rewrite, changed: dict[fx.Node, Any]) -> Any:
        """What ``node`` returns in the smaller network."""
        dense: Any = self._walk.fake(node) if node.op != "output" else None
        if node.op == "get_attr":
            dims = self._walk.dims(node)
            if self._names.get(str(node.target), "") not in self._sliced:
                return dense  # no removal reaches it
            with self._mode:
                return dense.new_empty([context.selection.size(dim) for dim in dims])
        if node.op != "call_function":
            return dense
        new = self._new[node]
        before, held = new.prev, (new.target, new.args, new.kwargs)
        rewrite = REWRITES.get(operator_name(node))
        inserted: dict[fx.Node, Any] = {}

        def value_of(source: fx.Node) -> Any:
            if source in inserted:
                return inserted[source]
            old = self._old[source]
            return changed[old] if old in changed else self._walk.fake(old)

        try:
            if rewrite is not None:
                rewrite(context, node, new)
            current = before.next
            while current is not new:
                inserted[current] = self._called(current, context, value_of)
                current = current.next
            return self._called(new, context, value_of)
        finally:
            new.target, new.args, new.kwargs = held
            while new.prev is not before:
                self._graph.erase_node(new.prev)

    def _called(self, node: fx.Node, context: Rewrite, value_of: Any) -> Any:
        with self._mode, torch.no_grad():
            if node.op == "get_attr":
                return self._mode.from_tensor(getattr(context.module, str(node.target)))
            args, kwargs = fx.node.map_arg((node.args, node.kwargs), value_of)
            return node.target(*args, **kwargs)  # type: ignore[operator]

    def _require(self, node: fx.Node, value: Any, selection: Selection) -> None:
        """Check that ``node`` returns what its labels foresee."""
        if node.op == "output":
            return
        foreseen = _foreseen(self._walk.values[node], selection)
        actual = [leaf for leaf in pytree.tree_leaves(value) if isinstance(leaf, Tensor)]
        dense = pytree.tree_leaves(self._walk.fake(node))
        if len(foreseen) != len(actual):
            foreseen = [tuple(leaf.shape) for leaf in dense if isinstance(leaf, Tensor)]
        for shape, tensor in zip(foreseen, actual, strict=True):
            if tuple(tensor.shape) != shape:
                raise CannotPrune(
                    f"gives {tuple(tensor.shape)} instead of {shape} without half of them"
                )


def _foreseen(value: Any, selection: Selection) -> list[tuple[int, ...]]:
    if isinstance(value, tuple):
        return [tuple(selection.size(dim) for dim in value)]
    if isinstance(value, list):
        return [shape for element in value for shape in _foreseen(element, selection)]
    return []


def _sizes(value: Any) -> list[Any]:
    return [
        tuple(leaf.shape) if isinstance(leaf, Tensor) else leaf
        for leaf in pytree.tree_leaves(value)
    ]


def _refused(group: Group, node: fx.Node, what: str) -> Refused:
    makers = [member for member in group.members if member.role == "producer"]
    counts = {member.layer: sum(len(owned) for owned in member.indices) for member in makers}
    name = operator_name(node) if node.op == "call_function" else node.op
    return Refused(
        tuple(counts), makers[0].dimension, f"{name} {what}", name, source_line(node),
        tuple(counts.values()),
    )  # fmt: skip
