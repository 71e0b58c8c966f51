"""Where the KL to the dense network misleads: near its ceiling, it prefers collapsed outputs.

A network that answers every sample with nearly even odds has a KL of about log(classes), less than
one that is confidently wrong now and then but right more often. So where a plan's KL (or increase
of the cross-entropy) nears that, the drop of the score itself is minimised, and of the two plans
the one with the smaller drop is taken, measured where it was and else predicted.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from prunescope.errors import PrunescopeError
from prunescope.planning.chance_level import class_count
from prunescope.planning.pose_goal import PosedGoal
from prunescope.planning.solve import Solution

DAMAGE_WORDS: Final = {"divergence": "KL", "cross-entropy": "increase of the cross-entropy"}

_PART: Final = 0.4
"""Of log(classes), from which on a KL is not trusted to rank plans."""


def near_ceiling(posed: PosedGoal, solution: Solution) -> bool:
    """Return whether ``solution`` minimised a KL or cross-entropy that is near its ceiling."""
    if solution.objective not in ("divergence", "cross-entropy") or posed.by_drop is None:
        return False
    classes = class_count(posed.solver.problem.manifest, posed.operators)
    return classes > 1 and _loss(posed, solution) > _PART * math.log(classes)


def _loss(posed: PosedGoal, solution: Solution) -> float:
    """The objective of the whole plan, whether or not a search looked around it; else the sum."""
    if solution.predicted is not None:
        return solution.predicted
    prediction = posed.predicted(solution.plan)
    whole = {"divergence": prediction.divergence, "cross-entropy": prediction.entropy}
    real = posed.measured(solution.plan)
    if real is not None:
        whole = real.effects.damages
    loss = whole[solution.objective]
    return loss if math.isfinite(loss) else solution.value


def better_by_score(
    posed: PosedGoal, solution: Solution, answer: Callable[[PosedGoal], Solution]
) -> tuple[PosedGoal, Solution]:
    """Return ``solution``, or where KL misleads the one that minimises the drop and loses less.

    Args:
        posed: The goal as it was asked.
        solution: What was found for it.
        answer: Finds the same for another posed goal.

    Returns:
        What was posed, and its solution, which says so in a note where it is the other one.
    """
    if posed.by_drop is None or not near_ceiling(posed, solution):
        return posed, solution
    try:
        other_posed = posed.by_drop()
        other = answer(other_posed)
    except PrunescopeError:
        return posed, solution
    before, after = (posed.drop_of(each.plan) for each in (solution, other))
    if before is None or after is None or after >= before:
        return posed, solution
    classes = class_count(posed.solver.problem.manifest, posed.operators)
    loss = _loss(posed, solution)
    note = (
        f"The least {DAMAGE_WORDS[solution.objective]} is {loss:.3g} nats, no longer small against "
        f"the log({classes}) = {math.log(classes):.3g} of even odds for all classes, where it says "
        "little of right answers: so the drop was minimised instead."
    )
    return other_posed, replace(other, notes=(*other.notes, note))
