"""What was measured before a plan was taken: kept by a job, and told alike by page and command."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from prunescope.planning.search.measure_best import MeasuredBest
from prunescope.planning.search.plan_names import plan_owner

MEASURED_CANDIDATES: Final = "measured_candidates.json"
"""Where a job that measured the best few plans leaves them, in its own folder."""

_TOLD: Final = 3
"""Kinds of plans besides the best of which the best is told."""


@dataclass(frozen=True)
class MeasuredCandidates:
    """Plans for one goal that were really applied.

    Attributes:
        objective: Which damage (or cost) was kept small.
        tried: The plans, the best first, as from ``measured_best``.
    """

    objective: str
    tried: tuple[MeasuredBest, ...]

    def describe(self, words: str, amount: Callable[[float], str]) -> str:
        """Return what was measured and whose plan is the best, as sentences.

        Args:
            words: What the objective is called.
            amount: From a value of the objective to words.
        """
        best, *others = self.tried
        said = f"{words} {amount(best.objective)}"
        if math.isfinite(best.proposal.predicted):
            said += f" ({amount(best.proposal.predicted)} predicted)"
        count = f"the least of {len(self.tried)} plans" if others else "the only plan measured"
        said += f", {count}: {plan_origin(best)}."
        nearest: dict[str, MeasuredBest] = {}
        for each in others:
            nearest.setdefault(plan_origin(each), each)
        if others:
            told = [f"{name} {amount(each.objective)}" for name, each in nearest.items()]
            said += f" Behind it: {', '.join(told[:_TOLD])}."
        if not best.kept:
            said += " None keeps all targets when measured; this one comes nearest."
        return said


def plan_origin(found: MeasuredBest) -> str:
    """Return where a measured plan comes from, in words."""
    plan = f"{plan_owner(found.proposal.start)} plan"
    return plan if found.own else f"found around {plan}"
