"""Solve under a target on the drop, where the drop is the one predicted for the whole plan.

Solvers know only sums of single drops. So the limit on the sum is adjusted until the drop predicted
for the whole plan is just within the target.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from prunescope.errors import CannotReach
from prunescope.planning.prediction.predict import Prediction
from prunescope.planning.solve import Goal, Solution
from prunescope.planning.solve.metric_limits import MetricLimit
from prunescope.study.plan import Plan
from prunescope.text.scores import PERCENT_WORDS, ScoreWords

Solved = Callable[[Mapping[str, float]], Solution]
"""From target kind → limit (in place of the goal's) to a solution whose sums are within them."""

_TRIES: Final = 6
_ANY: Final = 1e9
"""A limit on the sum of drops that limits nothing: where nobody asked for one, to begin with."""
_NEAR: Final = 0.98
"""The adjustment ends at a plan that uses at least this fraction of the accepted drop."""


def solve_within_drop(
    goal: Goal,
    solve: Solved,
    predict: Callable[[Plan], Prediction],
    overrides: Mapping[str, float] | None = None,
    words: ScoreWords = PERCENT_WORDS,
    by_metric: Mapping[str, Callable[[Plan], Prediction]] | None = None,
) -> Solution:
    """Return the solution of ``solve`` whose predicted drop is within the target on the drop.

    Limits on classes are kept likewise, by the recalls that are predicted for the whole plan.

    Args:
        goal: Its targets; without one on the drop the first solution is returned.
        solve: Raises ``CannotReach`` where no plan keeps its limits.
        predict: From a plan to its prediction.
        overrides: Target kind → limit in place of the goal's.
        words: Of the study's metric.
        by_metric: Name of a stored metric → from a plan to its prediction by that metric.

    Raises:
        CannotReach: No plan keeps the targets.
    """
    limits = dict(overrides or {})
    targets = {target.kind: target for target in goal.targets}
    if "drop" not in targets:
        return solve(limits)
    accepted = limits.get("drop", targets["drop"].limit)
    sum_limit, best, least = accepted, None, _Nearest()
    if goal.by_others:
        sum_limit = _ANY
    refusal: CannotReach | None = None
    for _ in range(2 * _TRIES if goal.side_limits else _TRIES):
        try:
            solution = solve({**limits, "drop": sum_limit})
        except CannotReach as error:
            if sum_limit == _ANY:
                raise
            refusal = refusal or error  # later ones are about sums that nobody asked for
            sum_limit *= 2
            if best is not None:
                break
            continue
        prediction = predict(solution.plan)
        predicted_drop = prediction.drop
        if predicted_drop is None and not goal.side_limits:
            return solution
        used, what = _used(goal, prediction, accepted, words)
        for limit in goal.metric_limits:
            loss = (by_metric or {})[limit.name](solution.plan).drop
            used, what = max((used, what), _used_by(limit, loss))
        if used < least.used:
            least = _Nearest(used, what)
        if used <= 1:
            described = _described(goal, solution, predicted_drop, accepted)
            best = described if best is None or described.value < best.value else best
            if used >= _NEAR or sum_limit == _ANY or solution.value <= 0:
                break
        if sum_limit == _ANY:
            sum_limit = max(solution.costs.get("drop", 0.0), 0.0) or accepted
        step = 1 / used if used > 0 else 2.0
        sum_limit *= min(max(step, 0.3), 2.0) * (0.995 if used > 1 else 1.0)
    if best is not None:
        return best
    if refusal is not None and least.used == math.inf:
        raise refusal
    raise CannotReach(_missed_sentence(goal, limits, accepted, least, words))


def _described(
    goal: Goal, solution: Solution, predicted_drop: float | None, accepted: float
) -> Solution:
    """The solution with the drop predicted for the whole plan in place of the sum."""
    if goal.by_others or predicted_drop is None:
        costs, limits = dict(solution.costs), dict(solution.limits)
        costs.pop("drop", None)
        limits.pop("drop", None)
        multipliers = {k: v for k, v in solution.multipliers.items() if k != "drop"}
        solution = replace(solution, multipliers=multipliers)
    else:
        costs = {**solution.costs, "drop": predicted_drop}
        limits = {**solution.limits, "drop": accepted}
    others = () if goal.side_limits else solution.alternatives  # what those lose is not looked at
    return replace(solution, costs=costs, limits=limits, alternatives=others)


@dataclass(frozen=True)
class _Nearest:
    """The plan that came nearest: how much of its tightest limit it uses, and that in words."""

    used: float = math.inf
    what: str = ""


def _used(
    goal: Goal, prediction: Prediction, accepted: float, words: ScoreWords
) -> tuple[float, str]:
    """Return how much of the tightest limit a plan is predicted to use, and what it loses there.

    Raises:
        CannotReach: What a class loses cannot be predicted.
    """
    uses = []
    if not goal.by_others and prediction.drop is not None:
        lost = f"a {words.loss_word} of {words.limit(float(f'{prediction.drop:.3g}'))}"
        uses.append((prediction.drop / accepted, lost))
    for limit in goal.class_limits:
        loss = limit.loss(prediction)
        if loss is None:
            raise CannotReach(
                f"Expected to know what {limit.kind} loses, but the study holds no logits and "
                "labels that tell it. Leave that limit out."
            )
        lost = f"{limit.kind} down {PERCENT_WORDS.limit(float(f'{loss:.3g}'))}"
        uses.append((loss / limit.limit, lost))
    return max(uses, default=(0.0, ""))


def _used_by(limit: MetricLimit, loss: float | None) -> tuple[float, str]:
    """The same by a stored metric."""
    if loss is None:
        raise CannotReach(
            f"Expected to know what a plan loses by {limit.name}, but the study holds too few "
            "measurements of it. Leave that limit out."
        )
    words = limit.words
    lost = f"a {words.loss_word} of {words.name} of {words.limit(float(f'{loss:.3g}'))}"
    return loss / limit.limit, lost


def _missed_sentence(
    goal: Goal, limits: Mapping[str, float], accepted: float, least: _Nearest, words: ScoreWords
) -> str:
    """The error sentence: which targets, with the limits that apply now, no plan was found for."""
    others = [
        str(replace(target, limit=limits.get(target.kind, target.limit)))
        for target in goal.targets
        if target.kind != "drop"
    ]
    lost = words.loss_word
    asked = [] if goal.by_others else [f"a {lost} of at most {words.limit(accepted)}"]
    asked += [*map(str, goal.side_limits), *others]
    first, rest, best = asked[0], ", ".join(asked[1:]), least.what.removeprefix(f"a {lost} of ")
    return (
        f"Expected a plan with {first}{f' and {rest}' if rest else ''}, but the least predicted of "
        f"a plan that was found is {best}. Accept a larger {lost} or a larger cost."
    )
