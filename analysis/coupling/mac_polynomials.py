"""Multiply-accumulates as products of what is left of dimensions, read off the labels."""

from dataclasses import dataclass

import numpy as np
from torch import fx

from prunescope.arrays import Integers
from prunescope.capture.functional import operator_name
from prunescope.capture.graph import Captured
from prunescope.capture.mac_factors import MAC_FACTORS, count
from prunescope.capture.shapes import shapes
from prunescope.coupling.groups import Coupling
from prunescope.coupling.labels import Dim, Labels

Shares = tuple[tuple[int, float], ...]
"""Groups, by place in the coupling, and the share of a dimension that one unit of each has."""


@dataclass(frozen=True)
class MacPolynomial:
    """One product of an operator's multiply-accumulates.

    Attributes:
        node: The operator.
        macs: For one sample, dense.
        factors: The shares in each dimension that can lose units; of ``macs``,
            ``Π (1 - Σ share · units removed)`` is left.
    """

    node: fx.Node
    macs: int
    factors: tuple[Shares, ...]


def mac_polynomials(captured: Captured, coupling: Coupling) -> list[MacPolynomial]:
    """Return the multiply-accumulates of every operator, in the graph's order."""
    single = shapes(captured)
    shares = UnitShares(coupling)
    polynomials = []
    for node in captured.module.graph.nodes:
        factors_of = MAC_FACTORS.get(operator_name(node)) if node.op == "call_function" else None
        for product in factors_of(node, single) if factors_of is not None else ():
            dims = [_dim(coupling, source, axis) for source, axis in product]
            factors = tuple(owned for dim in dims if dim is not None and (owned := shares.of(dim)))
            polynomials.append(MacPolynomial(node, count([product], single), factors))
    return polynomials


def _dim(coupling: Coupling, node: fx.Node, axis: int) -> Dim | None:
    if (node, axis) in coupling.walk.whole:
        return None
    value = coupling.walk.values.get(node)
    return value[axis] if isinstance(value, tuple) and axis < len(value) else None


class UnitShares:
    """How much of a dimension the units of each group own; computed once per set of labels."""

    def __init__(self, coupling: Coupling) -> None:
        self._units = np.array([group.units for group in coupling.groups], np.int64)
        self._unit = coupling.solved.unit
        self._owner = np.full(int(self._unit.max(initial=-1)) + 1, -1, np.int64)
        for index, group in enumerate(coupling.groups):
            self._owner[group.ids] = index
        self._known: dict[int, tuple[Labels, Shares]] = {}

    def of(self, dim: Dim) -> Shares:
        """Return the share of ``dim`` that a unit of each group has; a mean where units differ."""
        labels = dim.labels
        if labels is None or not len(labels):
            return ()
        if id(labels) not in self._known:
            owners: Integers = self._owner[self._unit[labels[labels >= 0]]]
            groups, owned = np.unique(owners[owners >= 0], return_counts=True)
            shares = owned / (self._units[groups] * len(labels))
            self._known[id(labels)] = (
                labels, tuple(zip(groups.tolist(), shares.tolist(), strict=True)),
            )  # fmt: skip
        return self._known[id(labels)][1]
