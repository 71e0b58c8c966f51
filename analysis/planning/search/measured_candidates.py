"""The candidate plans that a job measured, and the sentences that page and command say of them."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from prunescope.planning.search.measure_best import MeasuredBest
from prunescope.planning.search.plan_names import plan_owner

MEASURED_CANDIDATES: Final = "measured_candidates.json"
"""File in a job's folder that holds the candidates that it measured."""

_TOLD: Final = 3
"""Origins besides the best plan's that the sentence names."""


@dataclass(frozen=True)
class MeasuredCandidates:
    """Plans for one goal that were really applied.

    Attributes:
        objective: The damage (or cost) that was minimised.
        tried: The plans, the best first, as from ``measured_best``.
    """

    objective: str
    tried: tuple[MeasuredBest, ...]

    def describe(self, words: str, amount: Callable[[float], str]) -> str:
        """Return what was measured and where the best plan comes from, as sentences.

        Args:
            words: What the objective is called.
            amount: From a value of the objective to words.
        """
        best, *others = self.tried
        sentences = f"{words} {amount(best.objective)}"
        if math.isfinite(best.proposal.predicted):
            sentences += f" ({amount(best.proposal.predicted)} predicted)"
        count = f"the least of {len(self.tried)} plans" if others else "the only plan measured"
        sentences += f", {count}: {plan_origin(best)}."
        nearest: dict[str, MeasuredBest] = {}
        for candidate in others:
            nearest.setdefault(plan_origin(candidate), candidate)
        if others:
            runners_up = [
                f"{name} {amount(candidate.objective)}" for name, candidate in nearest.items()
            ]
            sentences += f" Behind it: {', '.join(runners_up[:_TOLD])}."
        if not best.kept:
            sentences += " None keeps all targets when measured; this one comes nearest."
        return sentences


def plan_origin(candidate: MeasuredBest) -> str:
    """Return where a measured plan comes from, in words."""
    plan = f"{plan_owner(candidate.proposal.start)} plan"
    return plan if candidate.own else f"found around {plan}"
