"""Sizes of every tensor of a smaller network, as arithmetic on the manifest. Torch-free."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from prunescope.arrays import Flags, Floats, Integers
from prunescope.commands import next_steps
from prunescope.errors import BadValue
from prunescope.study import GraphSummary, Manifest
from prunescope.study.method import BLOCK

_KEPT: Final = 8
_KNOWN: dict[tuple[str, int], "Shapes"] = {}


@dataclass(frozen=True, eq=False)
class Shapes:
    """The graph's shapes, ready for many plans at once.

    Attributes:
        graph: What they come from.
        names: Of the groups, in the manifest's order; the columns of what is removed.
        units: Of each group.
    """

    graph: GraphSummary
    names: tuple[str, ...]
    units: Integers
    _base: Floats
    _batched: Flags
    _loss: Floats
    _starts: Integers
    _ends: Integers
    _tensors: Integers
    _owners: Integers
    _widths: Integers
    _blocks: Flags
    _leaves: tuple[tuple[int, tuple[tuple[int, ...], ...]], ...] = ()

    def removed(self, plans: Sequence[Mapping[str, int]]) -> Floats:
        """Return units removed as ``(plans, groups)``, checked.

        Raises:
            BadValue: A group that does not exist, or a count outside 0 to its units − 1.
        """
        place = {name: at for at, name in enumerate(self.names)}
        found = np.zeros((len(plans), len(self.names)))
        for row, plan in enumerate(plans):
            for name, count in plan.items():
                most = int(self.units[place[name]]) - 1 if name in place else -1
                most += bool(name in place and self._blocks[place[name]])
                if count and not 0 <= count <= most:
                    raise BadValue(
                        f"Expected units to remove from {name} to be 0 to {max(most, 0)}, but got "
                        f"{count}. One unit stays, and only this model's groups can be named."
                    )
                if count:
                    found[row, place[name]] = count
        return found

    def sizes(self, removed: Floats, batch: int = 1) -> Floats:
        """Return every dimension's size, ``(plans, dims + 1)``; the last one is 1."""
        left = self._base - removed @ self._loss.T
        left = np.maximum(np.rint(left), 0) * np.where(self._batched, batch, 1)
        return np.concatenate([left, np.ones((len(left), 1))], 1)

    def alive(self, removed: Floats) -> Floats:
        """Return 1 for each node that stays, 0 for one that leaves with blocks: ``(plans, nodes)``.

        The sum of a block stands for the tensor that passes it by, so it stays.
        """
        stays = np.ones((len(removed), len(self.graph.nodes)))
        if removed[:, self._blocks].any():
            for node, clauses in self._leaves:
                gone = [removed[:, list(clause)].any(1) for clause in clauses]
                stays[:, node] = ~np.all(gone, axis=0)
        return stays

    def node_bytes(self, sizes: Floats) -> Floats:
        """Return the bytes that each node gives, ``(plans, nodes)``."""
        each = sizes[:, self._tensors].prod(-1) * self._widths
        found = np.zeros((len(sizes), len(self.graph.nodes)))
        np.add.at(found.T, self._owners, each.T)
        return found

    def peak(self, sizes: Floats, alive: Floats | None = None) -> Floats:
        """Return the largest sum of activation bytes alive at once, ``(plans,)``.

        A tensor lives from its node to its last reader; views count as copies, weights not.
        """
        given = self.node_bytes(sizes) if alive is None else self.node_bytes(sizes) * alive
        change = np.zeros((len(sizes), len(self.graph.nodes) + 1))
        read = self._ends >= 0
        change[:, self._starts[read]] += given[:, read]
        np.subtract.at(change.T, self._ends[read] + 1, given[:, read].T)
        return np.asarray(change.cumsum(1).max(1, initial=0.0))


def shapes_of(manifest: Manifest) -> Shapes:
    """Return the shapes of the manifest's graph, kept for the next call.

    Raises:
        BadValue: The study was made before graphs were stored, or its model has none.
    """
    if manifest.graph is None:
        raise BadValue(
            "Expected a study that knows its graph's shapes, but this one does not"
            + (f": {manifest.capture_problem}" if manifest.capture_problem else
               f". Renew it: {next_steps.time_network()}.")
        )  # fmt: skip
    key = (manifest.fingerprint, id(manifest.graph))
    known = _KNOWN.pop(key, None)
    if known is None or known.graph is not manifest.graph:
        known = _made(manifest, manifest.graph)
    _KNOWN[key] = known
    while len(_KNOWN) > _KEPT:
        _KNOWN.pop(next(iter(_KNOWN)), None)
    return known


def _made(manifest: Manifest, graph: GraphSummary) -> Shapes:
    loss = np.zeros((len(graph.dims), len(manifest.groups)))
    for row, dim in enumerate(graph.dims):
        for group, share in dim.groups:
            loss[row, group] += share
    place = {group.name: at for at, group in enumerate(manifest.groups)}
    ends = np.full(len(graph.nodes), -1, np.int64)
    for at, node in enumerate(graph.nodes):
        for source in node.reads:
            if graph.nodes[source].operator != "parameter":
                ends[source] = at
    rank = max((len(dims) for node in graph.nodes for dims in node.tensors), default=0)
    owned = [(at, dims, width) for at, node in enumerate(graph.nodes)
             for dims, width in zip(node.tensors, node.widths, strict=True)]  # fmt: skip
    tensors = np.full((len(owned), rank), len(graph.dims), np.int64)
    for row, (_, dims, _width) in enumerate(owned):
        tensors[row, : len(dims)] = dims
    return Shapes(
        graph,
        tuple(group.name for group in manifest.groups),
        np.array([group.units for group in manifest.groups], np.int64),
        np.array([dim.size for dim in graph.dims], float),
        np.array([dim.batched for dim in graph.dims], bool),
        loss,
        np.arange(len(graph.nodes)),
        ends,
        tensors,
        np.array([at for at, _, _ in owned], np.int64),
        np.array([width for _, _, width in owned], np.int64),
        np.array([group.granularity == BLOCK for group in manifest.groups], bool),
        tuple(
            (at, tuple(tuple(place[name] for name in clause) for clause in node.leaves_with))
            for at, node in enumerate(graph.nodes)
            if node.leaves_with
        ),
    )
