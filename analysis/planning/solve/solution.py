"""A solver's plan with its costs, and how far its objective can be from the optimum."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from prunescope.arrays import Indices
from prunescope.study.plan import Plan

UNADDED: Final = (
    "cannot be added up over single layers, as a method of this plan was not measured on each of "
    "them"
)
"""End of a sentence on an objective whose ``Solution.value`` is NaN."""


TIME_DECIDED: Final = (
    "Time ended the search before it was done, so the same command may give another plan: give it "
    "more seconds."
)
"""Note of a solution that depends on how fast the machine was."""


@dataclass(frozen=True)
class Solution:
    """A plan within all its budgets.

    Attributes:
        plan: What to do.
        objective: The damage (or cost) that was minimised.
        value: The sum of it over subjects, as if they were pruned alone; per sample. NaN where
            the plan takes a method that was never measured of one of them.
        bound: No plan of the problem's options within the budgets is below this; None where
            costs are no polynomials, so that nothing is proven.
        costs: Target kind → value of the whole plan, really counted.
        limits: Target kind → the most that was accepted, absolute.
        dense: Target kind → the dense network's.
        multipliers: Target kind → what the objective would gain per unit of a looser limit.
        exact: Whether the exact solver ended with a proof.
        chosen: Option per subject.
        alternatives: Other plans whose objective is within 1 % of this one's.
        notes: Sentences on how the problem deviates from the goal.
        predicted: Objective predicted for the plan as a whole, if a search minimised that.
        beside: Objectives of other plans within the same budgets, by origin: ``solver`` (the
            optimum of the sums), and rules by name.
        measured_beside: Those of them that were measured; the others are predicted.
    """

    plan: Plan
    objective: str
    value: float
    bound: float | None
    costs: Mapping[str, float]
    limits: Mapping[str, float]
    dense: Mapping[str, float]
    multipliers: Mapping[str, float]
    chosen: Indices
    exact: bool = False
    alternatives: tuple[Plan, ...] = ()
    notes: tuple[str, ...] = ()
    predicted: float | None = None
    beside: Mapping[str, float] = field(default_factory=dict)
    measured_beside: frozenset[str] = frozenset()

    @property
    def gap(self) -> float | None:
        """Most by which ``value`` exceeds the best, as a fraction of ``value``.

        None where nothing is proven, or where sums cannot tell ``value`` (NaN).
        """
        if self.bound is None or math.isnan(self.bound) or math.isnan(self.value):
            return None
        if self.value <= 0:
            return 0.0
        return max(0.0, (self.value - self.bound) / self.value)

    def binding(self) -> tuple[str, ...]:
        """Return the targets that limit the objective, the strongest first."""
        force = {kind: value * self.limits[kind] for kind, value in self.multipliers.items()}
        return tuple(sorted((k for k, v in force.items() if v > 0), key=lambda k: -force[k]))
