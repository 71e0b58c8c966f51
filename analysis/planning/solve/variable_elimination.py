"""Minimise a sum over assignments whose terms depend on one subject or on two coupled ones.

Bucket elimination: subjects leave one by one, each replaced by the minimum over it as a table
of its neighbours. Networks are narrow (a chain, a residual stage and its blocks), so the tables
stay small and the minimum is exact. Where a table would grow past ``_MOST`` its bucket is split,
every part minimised by itself: then the sum is a lower bound, no longer the minimum.

Source: Dechter 1999 (Artificial Intelligence 113, bucket elimination); Dechter and Rish 2003
(JACM 50, mini-buckets). Many sets of multipliers are run at once along a first axis.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from prunescope.arrays import Flags, Floats, Indices

_MOST: Final = 32_000
"""Entries of a joint table per set of multipliers: three subjects of thirty options."""


@dataclass(frozen=True)
class _EliminationStep:
    """Eliminate one subject: per part the factors joined, and the factor that it leaves."""

    subject: int
    parts: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]  # (factors, scope after)


class Elimination:
    """The order and the joins for one problem, found once.

    Attributes:
        split: Whether a bucket had to be split, so that ``run`` bounds from below only.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        units: Floats,
        pairs: Indices,
        conflicts: Indices,
        active: Flags,
        needs: Indices | None = None,
    ) -> None:
        coupled = {int(index) for index in pairs.ravel()}
        constrained = coupled | {int(index) for index in conflicts.ravel()}
        self.single = np.array([i for i in range(len(sizes)) if i not in constrained], np.intp)
        self.members = sorted(constrained)
        self._binary = {i for i in constrained if i not in coupled}
        """Constrained but not coupled: only whether they are pruned matters, two states each."""
        self._active, self._pairs = active, pairs
        self._sizes = {i: 2 if i in self._binary else sizes[i] for i in self.members}
        self._option_counts = sizes
        self._conflict_tables: list[tuple[int, int, Floats]] = []
        needed = set() if needs is None else {(int(a), int(b)) for a, b in needs}
        for a, b in conflicts:
            first, second = self._states(int(a)), self._states(int(b))
            pruned = first[:, None].astype(int) + second[None]
            forbidden = pruned != 1 if (int(a), int(b)) in needed else pruned > 1
            table = np.where(forbidden, np.inf, 0.0)
            self._conflict_tables.append((int(a), int(b), table))
        self._products = [
            np.multiply.outer(units[a, : self._sizes[int(a)]], units[b, : self._sizes[int(b)]])
            for a, b in pairs
        ]
        self._order()

    def _states(self, index: int) -> Flags:
        if index in self._binary:
            return np.array([False, True])
        states: Flags = self._active[index, : self._sizes[index]]
        return states

    def _order(self) -> None:
        """Choose the order (smallest new table first) and the factors joined at each step."""
        scopes: list[tuple[int, ...]] = [(index,) for index in self.members]
        scopes += [(int(a), int(b)) for a, b in self._pairs]
        scopes += [(a, b) for a, b, _ in self._conflict_tables]
        neighbours: dict[int, set[int]] = {index: set() for index in self.members}
        for scope in scopes:
            for index in scope:
                neighbours[index] |= set(scope) - {index}
        order: list[int] = []
        while neighbours:
            index = min(
                neighbours,
                key=lambda i: (np.prod([float(self._sizes[j]) for j in neighbours[i]]), i),
            )
            adjacent = neighbours.pop(index)
            for other in adjacent:
                neighbours[other] |= adjacent - {other}
                neighbours[other].discard(index)
            order.append(index)
        rank = {index: position for position, index in enumerate(order)}
        self._scopes = [tuple(sorted(scope, key=rank.__getitem__)) for scope in scopes]
        self._axes_swapped = [
            scope != ordered for scope, ordered in zip(scopes, self._scopes, strict=True)
        ]
        self.split = False
        unused_factors = set(range(len(self._scopes)))
        self._steps: list[_EliminationStep] = []
        for index in order:
            bucket = [f for f in sorted(unused_factors) if index in self._scopes[f]]
            unused_factors -= set(bucket)
            groups = self._parts(bucket)
            self.split = self.split or len(groups) > 1
            parts = []
            for group in groups:
                joint = {i for f in group for i in self._scopes[f]} - {index}
                after = tuple(sorted(joint, key=rank.__getitem__))
                parts.append((tuple(group), after))
                unused_factors.add(len(self._scopes))
                self._scopes.append(after)
            self._steps.append(_EliminationStep(index, tuple(parts)))

    def _parts(self, bucket: list[int]) -> list[list[int]]:
        """The bucket's factors in as few groups as the table's size allows, widest first."""
        groups: list[tuple[set[int], list[int]]] = []
        for factor in sorted(bucket, key=lambda f: -len(self._scopes[f])):
            scope = set(self._scopes[factor])
            for joint, members in groups:
                if np.prod([float(self._sizes[i]) for i in joint | scope]) <= _MOST:
                    joint |= scope
                    members.append(factor)
                    break
            else:
                groups.append((scope, [factor]))
        return [members for _, members in groups]

    def run(self, unary: Floats, weights: Floats) -> tuple[Floats, Indices]:
        """Return the least sums (lower bounds if ``split``) and assignments that reach them.

        Args:
            unary: ``(runs, subjects, options)``; padding is infinite.
            weights: ``(runs, edges)``, times the units of both subjects.

        Returns:
            ``(runs,)`` and ``(runs, subjects)``.
        """
        runs = len(unary)
        chosen = np.zeros((runs, unary.shape[1]), np.intp)
        total = np.zeros(runs)
        if len(self.single):
            alone = unary[:, self.single]
            best = alone.argmin(axis=-1)
            chosen[:, self.single] = best
            total += np.take_along_axis(alone, best[..., None], -1)[..., 0].sum(axis=-1)
        if not self.members:
            return total, chosen
        factors, inner = self._factors(unary, weights)
        scopes = self._scopes
        buckets: list[tuple[int, list[int]]] = []
        for step in self._steps:
            for group, after in step.parts:
                joint = (step.subject, *after)
                table = self._spread(factors[group[0]], scopes[group[0]], joint, runs)
                for factor in group[1:]:
                    table = table + self._spread(factors[factor], scopes[factor], joint, runs)
                factors.append(table.min(axis=1))
                if not after:
                    total += factors[-1]
            buckets.append((step.subject, [f for group, _ in step.parts for f in group]))
        all_runs = np.arange(runs)
        state = np.zeros_like(chosen)
        for index, bucket in reversed(buckets):
            score = np.zeros((runs, self._sizes[index]))
            for factor in bucket:
                index_key: list[Indices | slice] = [all_runs, slice(None)]
                index_key += [state[:, other] for other in scopes[factor][1:]]
                score += factors[factor][tuple(index_key)]  # (runs, own options)
            state[:, index] = score.argmin(axis=1)
            chosen[:, index] = state[:, index]
            if index in self._binary:
                chosen[:, index] = np.take_along_axis(inner[index], state[:, index, None], axis=1)[
                    :, 0
                ]
        return total, chosen

    def _factors(self, unary: Floats, weights: Floats) -> tuple[list[Floats], dict[int, Indices]]:
        runs = len(unary)
        inner: dict[int, Indices] = {}
        factors: list[Floats] = []
        for index in self.members:
            costs = unary[:, index, : self._option_counts[index]]
            if index in self._binary:
                active = self._active[index, : self._option_counts[index]]
                sides = [np.where(side, costs, np.inf) for side in (~active, active)]
                inner[index] = np.stack([side.argmin(axis=1) for side in sides], axis=1)
                costs = np.stack([side.min(axis=1) for side in sides], axis=1)
            factors.append(costs)
        for edge, table in enumerate(self._products):
            factors.append(weights[:, edge, None, None] * table[None])
        factors += [
            np.broadcast_to(table, (runs, *table.shape)) for _, _, table in self._conflict_tables
        ]
        for position, swapped in enumerate(self._axes_swapped):
            if swapped:
                factors[position] = factors[position].swapaxes(1, 2)
        return factors, inner

    def _spread(
        self, table: Floats, scope: tuple[int, ...], joint: tuple[int, ...], runs: int
    ) -> Floats:
        """``table`` with an axis per subject of ``joint``; both are in the order of leaving."""
        shape = [self._sizes[index] if index in scope else 1 for index in joint]
        return table.reshape(runs, *shape)
