"""Solve under a target on the drop, where the drop is the one predicted for the whole plan.

Solvers know only sums of single drops. So the limit on the sum is adjusted until the drop predicted
for the whole plan is just within the target.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from prunescope.errors import CannotReach
from prunescope.planning.prediction.predict import Prediction
from prunescope.planning.solve import Goal, Solution
from prunescope.study.plan import Plan
from prunescope.text.scores import PERCENT_WORDS, ScoreWords

Solved = Callable[[Mapping[str, float]], Solution]
"""From target kind → limit (in place of the goal's) to a solution whose sums are within them."""

_TRIES: Final = 6
_NEAR: Final = 0.98
"""The adjustment ends at a plan that uses at least this fraction of the accepted drop."""


def solve_within_drop(
    goal: Goal,
    solve: Solved,
    predict: Callable[[Plan], Prediction],
    overrides: Mapping[str, float] | None = None,
    words: ScoreWords = PERCENT_WORDS,
) -> Solution:
    """Return the solution of ``solve`` whose predicted drop is within the target on the drop.

    Args:
        goal: Its targets; without one on the drop the first solution is returned.
        solve: Raises ``CannotReach`` where no plan keeps its limits.
        predict: From a plan to its prediction.
        overrides: Target kind → limit in place of the goal's.
        words: Of the study's metric.

    Raises:
        CannotReach: No plan keeps the targets.
    """
    limits = dict(overrides or {})
    targets = {target.kind: target for target in goal.targets}
    if "drop" not in targets:
        return solve(limits)
    accepted = limits.get("drop", targets["drop"].limit)
    sum_limit, best, least = accepted, None, float("inf")
    refusal: CannotReach | None = None
    for _ in range(_TRIES):
        try:
            solution = solve({**limits, "drop": sum_limit})
        except CannotReach as error:
            refusal = refusal or error  # later ones are about sums that nobody asked for
            sum_limit *= 2
            if best is not None:
                break
            continue
        predicted_drop = predict(solution.plan).drop
        if predicted_drop is None:
            return solution
        least = min(least, predicted_drop)
        if predicted_drop <= accepted:
            described = replace(solution, costs={**solution.costs, "drop": predicted_drop}, limits={
                **solution.limits, "drop": accepted})  # fmt: skip
            best = described if best is None or described.value < best.value else best
            if predicted_drop >= _NEAR * accepted or solution.value <= 0:
                break
        step = accepted / predicted_drop if predicted_drop > 0 else 2.0
        sum_limit *= min(max(step, 0.3), 2.0) * (0.995 if predicted_drop > accepted else 1.0)
    if best is not None:
        return best
    if refusal is not None and least == float("inf"):
        raise refusal
    raise CannotReach(_missed_sentence(goal, limits, accepted, least, words))


def _missed_sentence(
    goal: Goal, limits: Mapping[str, float], accepted: float, least: float, words: ScoreWords
) -> str:
    """The error sentence: which targets, with the limits that apply now, no plan was found for."""
    others = [
        str(replace(target, limit=limits.get(target.kind, target.limit)))
        for target in goal.targets
        if target.kind != "drop"
    ]
    lost, reached = words.loss_word, words.limit(float(f"{least:.3g}"))
    return (
        f"Expected a plan with a {lost} of at most {words.limit(accepted)}"
        f"{' and ' + ', '.join(others) if others else ''}, but the least predicted of a plan that "
        f"was found is {reached}. Accept a larger {lost} or a larger cost."
    )
