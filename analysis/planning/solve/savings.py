"""What a choice saves: nothing is removed from a network for nothing.

A search by the predictor of whole plans finds changes that are predicted to gain a little without
any saving, such as weights zeroed in one layer under a budget on MACs, which zeros do not lower.
They cannot be told from luck, so they are left out.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from prunescope.planning.solve.goal import COSTS
from prunescope.planning.solve.plan_costs import plan_costs
from prunescope.planning.solve.problem import Problem
from prunescope.planning.solve.subject import Subject
from prunescope.study.plan import Plan

_BY_ZEROS: Final = frozenset({"parameters", "nonzero-macs", "sparse-bytes", "compressed-bytes"})
"""Costs that zeroed weights lower; the others need units to leave."""


class Savings:
    """The costs that a problem asks for, and which choices lower them."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._kinds = tuple(kind for kind in problem.kinds if kind in COSTS)

    def lowers(self, subject: Subject) -> bool:
        """Return whether pruning ``subject`` can lower any of the costs, or none is asked for."""
        if subject.grouped or not self._kinds:
            return True
        if self._kinds_of_zeros() == {"nonzero-macs"}:
            return self._problem.manifest.layer(subject.name).macs > 0
        return bool(self._kinds_of_zeros())

    def without_idle(self, plan: Plan) -> Plan:
        """Return ``plan`` without the choices that lower no cost; locks and least bounds stay."""
        goal = self._problem.goal
        idle = [
            subject
            for subject in self._problem.subjects
            if subject.choice_in(plan) is not None
            and subject.name not in goal.locks
            and goal.bounds.get(subject.name, (0.0, 1.0))[0] == 0
            and not self._surely_lowers(subject)
        ]
        costs = self._costs(plan) if idle else {}
        for subject in idle:
            rest = {name: choice for name, choice in plan.choices.items() if name != subject.name}
            less = replace(plan, choices=rest)
            without = self._costs(less)
            if all(without[kind] <= costs[kind] for kind in costs):
                plan, costs = less, without
        return plan

    def _surely_lowers(self, subject: Subject) -> bool:
        """Whether each weight or unit that leaves lowers one of the costs, whatever else leaves.

        A table of latencies has steps, a peak of memory lies in one place, and zeros that are
        deflated may take as much as before: of those only the whole plan can tell.
        """
        if not self._kinds:
            return True
        told = set(self._problem.nonlinear_costs) | {"compressed-bytes"}
        return self.lowers(subject) and bool(
            (set(self._kinds) if subject.grouped else self._kinds_of_zeros()) - told
        )

    def _kinds_of_zeros(self) -> frozenset[str]:
        return _BY_ZEROS & set(self._kinds)

    def _costs(self, plan: Plan) -> Mapping[str, float]:
        """Every cost that is asked for, the objective's too."""
        kinds = ("drop", *self._kinds)
        return plan_costs(replace(self._problem, kinds=kinds), plan)
