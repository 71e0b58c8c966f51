"""A goal over a study as arrays, which every solver reads: built once, solved for any limits."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from prunescope.arrays import Flags, Floats, Indices
from prunescope.curves.curve import Curves
from prunescope.planning.solve.goal import Goal
from prunescope.planning.solve.subject import MissingPoint, Subject
from prunescope.planning.solve.variable_elimination import Elimination
from prunescope.study import Manifest, Method
from prunescope.study.plan import Plan

BlackBox = Callable[[Floats], Floats]
"""A cost that is no polynomial, such as a predicted latency.

From units removed, ``(plans, groups)`` in the order of the manifest's groups, to ``(plans,)``.
"""


@dataclass(frozen=True)
class Problem:
    """Which options there are and what each costs; everything but the limits.

    Attributes:
        manifest: Of the study.
        goal: Its targets' limits are the defaults of ``solve``.
        subjects: The decisions.
        kinds: The objective first, then the targets' kinds.
        dense: Value of each kind for the dense network.
        constant: Part of each kind that no choice changes, ``(kinds,)``.
        unary: ``(kinds, subjects, options)``; padded options cost infinity in the objective.
        units: Units that leave, ``(subjects, options)``; 0 for layers.
        pairs: ``(edges, 2)`` subjects whose units meet in a tensor.
        weights: ``(kinds, edges)``, times both units.
        conflicts: ``(n, 2)``: layer and group, or group and block, that may not both be pruned.
        missing: Subjects that stay dense, because they were never measured.
        notes: Sentences on how the problem deviates from the goal.
        exact: Whether the costs are exact; else they are bounded from above.
        nonlinear_costs: Costs that are no polynomials; in ``unary`` they follow the MACs.
        needs: ``(n, 2)``: those pairs of ``conflicts`` of which exactly one must be pruned.
    """

    manifest: Manifest
    curves: Curves
    goal: Goal
    subjects: tuple[Subject, ...]
    kinds: tuple[str, ...]
    dense: Floats
    constant: Floats
    unary: Floats
    units: Floats
    pairs: Indices
    weights: Floats
    conflicts: Indices
    missing: tuple[MissingPoint, ...]
    notes: tuple[str, ...] = ()
    exact: bool = True
    nonlinear_costs: Mapping[str, BlackBox] = field(default_factory=dict)
    needs: Indices = field(default_factory=lambda: np.zeros((0, 2), np.intp))

    @property
    def sizes(self) -> list[int]:
        """Options per subject."""
        return [len(subject.options) for subject in self.subjects]

    @cached_property
    def real(self) -> Flags:
        """Which entries of the padded tables are options, ``(subjects, options)``."""
        return np.arange(self.units.shape[1])[None] < np.array(self.sizes)[:, None]

    @cached_property
    def active(self) -> Flags:
        """Which options remove something, ``(subjects, options)``."""
        is_active = np.zeros(self.units.shape, bool)
        for index, subject in enumerate(self.subjects):
            is_active[index, : len(subject.options)] = [
                option.removed > 0 for option in subject.options
            ]
        return is_active

    @cached_property
    def before(self) -> Indices:
        """The next smaller option of the same method, ``(subjects, options)``; −1 for none.

        None where nothing is removed, and of locked subjects and patterns, which have one sparsity.
        """
        before = np.full(self.units.shape, -1, np.intp)
        for index, subject in enumerate(self.subjects):
            latest: dict[Method, int] = {}
            order = sorted(range(len(subject.options)), key=lambda o: subject.options[o].removed)
            for option in order if not subject.locked else []:
                own = subject.options[option]
                lower = latest.get(own.choice.method, -1)
                same = lower >= 0 and subject.options[lower].removed == own.removed
                if own.removed and ":" not in own.choice.granularity:
                    before[index, option] = before[index, lower] if same else lower
                if not same:
                    latest[own.choice.method] = option
        return before

    @cached_property
    def coupling(self) -> Floats:
        """``weights`` as full symmetric matrices, ``(kinds, subjects, subjects)``."""
        count = len(self.subjects)
        full = np.zeros((len(self.kinds), count, count))
        for edge, (a, b) in enumerate(self.pairs):
            full[:, a, b] += self.weights[:, edge]
            full[:, b, a] += self.weights[:, edge]
        return full

    @cached_property
    def elimination(self) -> Elimination:
        """The inner minimiser for given multipliers."""
        return Elimination(
            self.sizes, self.units, self.pairs, self.conflicts, self.active, self.needs
        )

    def removed(self, chosen: Indices) -> Floats:
        """Return the units removed, ``(..., groups)`` in the order of the manifest's groups."""
        group_index = {group.name: index for index, group in enumerate(self.manifest.groups)}
        units = np.zeros((*chosen.shape[:-1], len(group_index)))
        for index, subject in enumerate(self.subjects):
            if subject.grouped:
                units[..., group_index[subject.name]] = self.units[index, chosen[..., index]]
        return units

    def limits(self, overrides: Mapping[str, float] | None = None) -> Floats:
        """Return the absolute limit of every target; ``overrides`` replaces the goal's by kind.

        Args:
            overrides: Kind → limit, meant as in the goal's target: a fraction of dense or absolute.
        """
        limits = []
        for index, target in enumerate(self.goal.targets, start=1):
            value = (overrides or {}).get(target.kind, target.limit)
            limits.append(value * self.dense[index] if target.relative else value)
        return np.array(limits)

    def values(self, chosen: Indices) -> Floats:
        """Return every kind's value, ``(..., kinds)``, of assignments ``(..., subjects)``."""
        rows = np.arange(len(self.subjects))
        total = self.constant + np.moveaxis(self.unary[:, rows, chosen], 0, -1).sum(axis=-2)
        if len(self.pairs):
            units = self.units[rows, chosen]
            products = units[..., self.pairs[:, 0]] * units[..., self.pairs[:, 1]]
            total = total + products @ self.weights.T
        values: Floats = total
        return values

    def moves(self, chosen: Indices) -> Floats:
        """Return how every kind changes when one subject changes, ``(kinds, subjects, options)``.

        Exact, as no product has the same subject twice. Moves to padding, against a conflict or
        away from a need cost infinity in the objective.
        """
        rows = np.arange(len(self.subjects))
        change = self.unary - self.unary[:, rows, chosen][..., None]
        if len(self.pairs):
            units = self.units[rows, chosen]
            slope = self.coupling @ units
            change = change + slope[:, :, None] * (self.units - units[:, None])[None]
        if len(self.conflicts):
            now = self.active[rows, chosen]
            blocked = np.zeros(len(rows), bool)
            for a, b in self.conflicts:
                blocked[a] |= now[b]
                blocked[b] |= now[a]
            change[0][blocked[:, None] & self.active] = np.inf
            alone = self.needs[now[self.needs]]  # the one of each pair that is pruned
            change[0, alone] = np.where(self.active[alone], change[0, alone], np.inf)
        changes: Floats = change
        return changes

    def plan(self, chosen: Indices, name: str = "solved") -> Plan:
        """Return the assignment as a plan; locks are kept, dense choices are not named."""
        choices = {}
        for subject, option in zip(self.subjects, chosen, strict=True):
            choice = subject.options[option].choice
            if choice.sparsity > 0 and subject.options[option].removed > 0:
                choices[subject.name] = replace(choice, locked=subject.name in self.goal.locks)
        for locked_name, lock in self.goal.locks.items():
            choices.setdefault(locked_name, replace(lock, locked=True))
        return Plan(name, self.manifest.fingerprint, choices, self.goal.recovery, self.goal.seed)

    def chosen(self, plan: Plan) -> Indices | None:
        """Return ``plan`` as an assignment, or None when it has choices that are no options."""
        assignment = []
        active = plan.active()
        names = {subject.name for subject in self.subjects}
        if not active.keys() <= names:
            return None
        for subject in self.subjects:
            choice = subject.choice_in(plan)
            matching = [
                index
                for index, option in enumerate(subject.options)
                if (option.removed == 0 if choice is None else
                    (option.choice.method, option.choice.sparsity)
                    == (choice.method, choice.sparsity))
            ]  # fmt: skip
            if not matching:
                return None
            assignment.append(matching[0])
        return np.array(assignment, np.intp)
