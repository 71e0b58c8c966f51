"""Sizes of all tensors as functions of the units removed, so that memory and time need no torch."""

from typing import Any

from torch import Tensor, fx
from torch.utils import _pytree as pytree

from prunescope.capture.functional import operator_name
from prunescope.capture.graph import Captured
from prunescope.capture.shapes import shapes
from prunescope.coupling.groups import Coupling
from prunescope.coupling.labels import Dim
from prunescope.coupling.mac_polynomials import UnitShares
from prunescope.coupling.walk import BATCH
from prunescope.study import DimSummary, GraphSummary, NodeSummary


def graph_summary(captured: Captured, coupling: Coupling) -> GraphSummary:
    """Return the sizes of all tensors as functions of the units removed and of the batch.

    A dimension loses what its labels lose; where a slice takes only some of a group's units, its
    loss depends on which ones leave, and the mean stands for it.
    """
    return _Summary(captured, coupling).build()


class _Summary:
    def __init__(self, captured: Captured, coupling: Coupling) -> None:
        self._graph = captured.module.graph
        self._walk = coupling.walk
        self._single = shapes(captured)
        self._unit_shares = UnitShares(coupling)
        self._dims: dict[DimSummary, int] = {}

    def build(self) -> GraphSummary:
        nodes = list(self._graph.nodes)
        node_index = {node: index for index, node in enumerate(nodes)}
        summaries = []
        for node in nodes:
            reads = [x for x in pytree.tree_leaves((node.args, node.kwargs)) if x in node_index]
            dims = self._tensors(node)
            summaries.append(
                NodeSummary(
                    node.name,
                    _kind(node),
                    tuple(node_index[x] for x in reads),
                    tuple(sizes for sizes, _ in dims),
                    tuple(width for _, width in dims),
                )
            )
        return GraphSummary(tuple(self._dims), tuple(summaries))

    def _tensors(self, node: fx.Node) -> list[tuple[tuple[int, ...], int]]:
        if node.op == "output":
            return []
        singles = _tensors(self._single.get(node))
        large = _tensors(self._walk.fake(node))
        labelled = _labelled(self._walk.values.get(node))
        if [len(dims) for dims in labelled] != [one.ndim for one in singles]:
            labelled = [(None,) * one.ndim for one in singles]
        summaries = []
        for one, many, dims in zip(singles, large, labelled, strict=True):
            dim_indices = tuple(
                self._dim_index(int(size), int(grown), dim)
                for size, grown, dim in zip(one.shape, many.shape, dims, strict=True)
            )
            summaries.append((dim_indices, one.element_size()))
        return summaries

    def _dim_index(self, size: int, grown: int, dim: Dim | None) -> int:
        batched = grown == size * BATCH and size > 0
        summary = DimSummary(size, batched, self._shares(size, dim))
        return self._dims.setdefault(summary, len(self._dims))

    def _shares(self, size: int, dim: Dim | None) -> tuple[tuple[int, float], ...]:
        """Indices of ``dim`` that one unit of each group owns, of ``size`` for one sample."""
        if dim is None:
            return ()
        owned = [(group, round(size * share, 9)) for group, share in self._unit_shares.of(dim)]
        return tuple((group, int(x) if x == int(x) else x) for group, x in owned)


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
        return [dims for element in value for dims in _labelled(element)]
    return []
