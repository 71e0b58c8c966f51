"""Labels: one integer for every index of every dimension, united, blocked and marked.

Rules only record which labels are united, blocked or marked; the units are computed once at the end
of the walk. So every rule is a numpy operation or two, however many channels there are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from math import lcm
from typing import Final

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from torch import fx

from prunescope.arrays import Flags, Integers

Labels = Integers
WHOLE: Final = -1
_REASONS: Final = 3
FIXED: Final = "it meets a dimension whose size is fixed"


@dataclass(frozen=True, eq=False)
class Dim:
    """One dimension of one tensor.

    Attributes:
        size: With the batch counted as ``walk.BATCH`` samples.
        labels: The label of index ``i`` is ``labels[i % len(labels)]`` (a period shorter than
            the size means that the batch is folded into the dimension, outermost);
            ``WHOLE`` for an index that cannot leave. None: no index can leave.
        why: The reason why the whole indices cannot leave.
        origin: The parameter and dimension that this is (part of), if it is one.
    """

    size: int
    labels: Labels | None = None
    why: str = FIXED
    origin: tuple[str, int] | None = None


@dataclass(frozen=True)
class SolvedLabels:
    """The units that the recorded decisions leave.

    Attributes:
        unit: Unit number of each label.
        reason: Why a unit cannot leave, for those that cannot.
        blocker: The operator that gave the first of these reasons, where one did.
        marks: Units that carry each mark, with the reason given with it.
    """

    unit: Labels
    reason: dict[int, str]
    marks: dict[str, dict[int, str]]
    blocker: dict[int, fx.Node] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many units there are."""
        return int(self.unit.max(initial=-1)) + 1

    def having(self, units: Iterable[int]) -> Flags:
        """Return a flag for each unit: whether it is among ``units``."""
        flags = np.zeros(self.count, bool)
        flags[list(units)] = True
        return flags


@dataclass
class Ledger:
    """Everything that rules decide about labels.

    Attributes:
        operator: The one whose rule decides at the moment.
    """

    count: int = 0
    operator: fx.Node | None = None
    pairs: list[tuple[Labels, Labels]] = field(default_factory=list)
    blocks: list[tuple[Labels, str]] = field(default_factory=list)
    blockers: list[fx.Node | None] = field(default_factory=list)
    marks: dict[str, list[tuple[Labels, str]]] = field(default_factory=dict)

    def fresh(self, count: int) -> Labels:
        """Return ``count`` labels that nobody has yet."""
        self.count += count
        return np.arange(self.count - count, self.count, dtype=np.int64)

    def block(self, dim: Dim, reason: str) -> None:
        """Record that no index of ``dim`` can leave."""
        if dim.labels is not None:
            self._block(dim.labels[dim.labels >= 0], reason)

    def _block(self, labels: Labels, reason: str) -> None:
        self.blocks.append((labels, reason))
        self.blockers.append(self.operator)

    def mark(self, dim: Dim, kind: str, reason: str = "") -> None:
        """Record something to know about the units of ``dim``."""
        if dim.labels is not None:
            self.marks.setdefault(kind, []).append((dim.labels[dim.labels >= 0], reason))

    def join(self, first: Labels, second: Labels, why: str = FIXED) -> None:
        """Unite two label arrays index by index; a label that meets ``WHOLE`` is blocked."""
        both = (first >= 0) & (second >= 0)
        if both.any():
            self.pairs.append((first[both], second[both]))
        for one, other in ((first, second), (second, first)):
            unmatched = one[(one >= 0) & (other < 0)]
            if unmatched.size:
                self._block(unmatched, why)

    def unite(self, first: Dim, second: Dim) -> Dim:
        """Return the dimension that is both ``first`` and ``second``, index by index."""
        origin = first.origin or second.origin
        if first.labels is None:
            self.block(second, first.why)
            return replace(first, origin=origin)
        if second.labels is None:
            self.block(first, second.why)
            return replace(second, origin=origin)
        if first.labels is not second.labels:
            period = lcm(len(first.labels), len(second.labels))
            self.join(
                np.tile(first.labels, period // len(first.labels)),
                np.tile(second.labels, period // len(second.labels)),
                first.why if (first.labels < 0).any() else second.why,
            )
        chosen = first if len(first.labels) >= len(second.labels) else second
        return replace(chosen, origin=origin)

    def unite_along(self, labels: Labels, axes: Sequence[int]) -> Labels:
        """Unite ``labels`` over ``axes`` and return those of the first index along them."""
        for axis in axes:
            first = np.take(labels, [0], axis=axis)
            self.join(np.broadcast_to(first, labels.shape).ravel(), labels.ravel())
            labels = first
        return labels

    def solve(self) -> SolvedLabels:
        """Return the units: connected labels, each with its reason and marks."""
        if not self.count:
            return SolvedLabels(np.zeros(0, np.int64), {}, {})
        pairs = [*self.pairs, (np.zeros(0, np.int64), np.zeros(0, np.int64))]
        rows = np.concatenate([first for first, _ in pairs])
        columns = np.concatenate([second for _, second in pairs])
        edges = coo_array(
            (np.ones(len(rows), np.int8), (rows, columns)), shape=(self.count, self.count)
        )
        _, unit = connected_components(edges, directed=False)
        unit = unit.astype(np.int64)
        return SolvedLabels(
            unit,
            _reasons(unit, self.blocks),
            {kind: _reasons(unit, marked) for kind, marked in self.marks.items()},
            self._first_blockers(unit),
        )

    def _first_blockers(self, unit: Labels) -> dict[int, fx.Node]:
        first: dict[int, fx.Node] = {}
        for (labels, _), node in zip(self.blocks, self.blockers, strict=True):
            if node is not None:
                for unit_number in np.unique(unit[labels]).tolist():
                    first.setdefault(unit_number, node)
        return first


def _reasons(unit: Labels, recorded: list[tuple[Labels, str]]) -> dict[int, str]:
    """The first reasons recorded for each unit."""
    by_unit: dict[int, list[str]] = {}
    for labels, reason in recorded:
        for unit_number in np.unique(unit[labels]).tolist():
            unit_reasons = by_unit.setdefault(unit_number, [])
            if reason not in unit_reasons:
                unit_reasons.append(reason)
    return {
        unit_number: ", and ".join(reasons[:_REASONS]) for unit_number, reasons in by_unit.items()
    }
