"""What every tensor of the graph shrinks with, so that memory and time need no torch."""

from typing import Any

import numpy as np
from torch import Tensor, fx
from torch.utils import _pytree as pytree

from prunescope.arrays import Integers
from prunescope.capture.functional import operator_name
from prunescope.capture.graph import Captured
from prunescope.capture.shapes import shapes
from prunescope.coupling.groups import Coupling
from prunescope.coupling.labels import Dim
from prunescope.coupling.walk import BATCH
from prunescope.study import DimSummary, GraphSummary, NodeSummary


def graph_summary(captured: Captured, coupling: Coupling) -> GraphSummary:
    """Return the sizes of all tensors as functions of the units removed and of the batch.

    A dimension loses what its labels lose; where a slice takes only some of a group's units, its
    loss depends on which ones leave, and the mean stands for it.
    """
    return _Summary(captured, coupling).made()


class _Summary:
    def __init__(self, captured: Captured, coupling: Coupling) -> None:
        self._graph = captured.module.graph
        self._walk = coupling.walk
        self._single = shapes(captured)
        self._units = np.array([group.units for group in coupling.groups], np.int64)
        self._unit = coupling.solved.unit
        self._owner = np.full(int(self._unit.max(initial=-1)) + 1, -1, np.int64)
        for place, group in enumerate(coupling.groups):
            self._owner[group.ids] = place
        self._dims: dict[DimSummary, int] = {}

    def made(self) -> GraphSummary:
        nodes = list(self._graph.nodes)
        place = {node: at for at, node in enumerate(nodes)}
        found = []
        for node in nodes:
            reads = [x for x in pytree.tree_leaves((node.args, node.kwargs)) if x in place]
            dims = self._tensors(node)
            found.append(
                NodeSummary(
                    node.name,
                    _kind(node),
                    tuple(place[x] for x in reads),
                    tuple(sizes for sizes, _ in dims),
                    tuple(width for _, width in dims),
                )
            )
        return GraphSummary(tuple(self._dims), tuple(found))

    def _tensors(self, node: fx.Node) -> list[tuple[tuple[int, ...], int]]:
        if node.op == "output":
            return []
        singles = _tensors(self._single.get(node))
        large = _tensors(self._walk.fake(node))
        labelled = _labelled(self._walk.values.get(node))
        if [len(dims) for dims in labelled] != [one.ndim for one in singles]:
            labelled = [(None,) * one.ndim for one in singles]
        found = []
        for one, many, dims in zip(singles, large, labelled, strict=True):
            places = tuple(
                self._place(int(size), int(grown), dim)
                for size, grown, dim in zip(one.shape, many.shape, dims, strict=True)
            )
            found.append((places, one.element_size()))
        return found

    def _place(self, size: int, grown: int, dim: Dim | None) -> int:
        batched = grown == size * BATCH and size > 0
        made = DimSummary(size, batched, self._shares(size, dim))
        return self._dims.setdefault(made, len(self._dims))

    def _shares(self, size: int, dim: Dim | None) -> tuple[tuple[int, float], ...]:
        if dim is None or dim.labels is None or not len(dim.labels):
            return ()
        labels: Integers = dim.labels[dim.labels >= 0]
        owners = self._owner[self._unit[labels]]
        owned = np.bincount(owners[owners >= 0], minlength=len(self._units))
        times = size / len(dim.labels)
        shares = {at: owned[at] * times / self._units[at] for at in np.flatnonzero(owned).tolist()}
        return tuple((at, int(x) if x == int(x) else float(x)) for at, x in shares.items())


def _kind(node: fx.Node) -> str:
    if node.op == "call_function":
        return operator_name(node)
    return {"placeholder": "input", "get_attr": "parameter"}.get(node.op, node.op)


def _tensors(value: Any) -> list[Tensor]:
    return [leaf for leaf in pytree.tree_leaves(value) if isinstance(leaf, Tensor)]


def _labelled(value: Any) -> list[tuple[Dim | None, ...]]:
    if isinstance(value, tuple):
        return [value]
    if isinstance(value, list):
        return [dims for each in value for dims in _labelled(each)]
    return []
