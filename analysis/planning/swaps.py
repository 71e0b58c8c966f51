"""Look around a solved plan with the predictor of whole plans, which adds nothing up.

Solvers add up what single layers lose. Combined, some pairs lose more and some less; so plans
near the solved one, within the same budgets, are scored by what is predicted of the combination,
and the best few are worth measuring.

Source: the local search of SPDY (Frantar and Alistarh 2022, arXiv 2201.13096), with predicted in
place of measured losses.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from analysis.planning.plan import Plan
from analysis.planning.solve.between import filled, true_costs
from analysis.planning.solve.local import within
from analysis.planning.solve.problem import Problem
from analysis.planning.solve.solution import Solution

Choices = npt.NDArray[np.intp]

_NEAR: Final = 0.1
"""How much worse by the sum of single layers a plan may be that is still looked at."""


@dataclass(frozen=True)
class Proposal:
    """A plan near the solved one.

    Attributes:
        plan: Within the same budgets.
        predicted: Objective predicted of the combination.
        added: Objective added up over single subjects.
    """

    plan: Plan
    predicted: float
    added: float


def proposals(
    problem: Problem,
    solution: Solution,
    predicted: Callable[[Plan], float],
    count: int = 5,
    looks: int = 120,
    rounds: int = 3,
) -> tuple[Proposal, ...]:
    """Return the best plans near ``solution`` by ``predicted``, the solution itself among them.

    Args:
        problem: What was solved.
        solution: Where to begin.
        predicted: Objective of a whole plan, such as its predicted cross-entropy; NaN is left out.
        count: Most plans to return.
        looks: Most plans to predict.
        rounds: How often to begin anew from the best plan so far.
    """
    limits = np.array([solution.limits[kind] for kind in problem.kinds[1:]])
    known: dict[str, tuple[Proposal, Choices]] = {}

    def look(chosen: Choices) -> None:
        plan = problem.plan(chosen, solution.plan.name)
        if problem.goal.between:
            costs = true_costs(problem, plan, chosen)
            plan, _, _ = filled(problem, chosen, plan, costs, limits)
        if plan.digest not in known:
            value = predicted(plan)
            added = float(problem.values(chosen)[0])
            known[plan.digest] = Proposal(plan, value, added), chosen

    look(solution.chosen)
    best = solution.chosen
    for _ in range(rounds):
        before = len(known)
        for chosen in _neighbours(problem, best, limits, solution.value):
            if len(known) >= looks:
                break
            look(chosen)
        ranked = sorted(known.values(), key=lambda pair: _rank(pair[0].predicted))
        if np.array_equal(ranked[0][1], best) or len(known) in (before, looks):
            break
        best = ranked[0][1]
    ranked = sorted(known.values(), key=lambda pair: _rank(pair[0].predicted))
    return tuple(each for each, _ in ranked[:count] if not math.isnan(each.predicted))


def _rank(value: float) -> float:
    return math.inf if math.isnan(value) else value


def _neighbours(
    problem: Problem, chosen: Choices, limits: npt.NDArray[np.float64], value: float
) -> list[Choices]:
    """Assignments one change, or one change and its payment, away; the cheapest by sums first."""
    now = problem.values(chosen)
    change = problem.moves(chosen)
    most = value * (1 + _NEAR) + 1e-12
    found: list[tuple[float, Choices]] = []
    singles = [
        (int(subject), int(option))
        for subject, option in zip(*np.nonzero(np.isfinite(change[0])), strict=True)
        if option != chosen[subject]
    ]
    for subject, option in singles:
        other = chosen.copy()
        other[subject] = option
        after = now + change[:, subject, option]
        if within(after, limits):
            if after[0] <= most:
                found.append((float(after[0]), other))
            continue
        second = problem.moves(other)
        both = np.moveaxis(after[:, None, None] + second, 0, -1)
        fits = within(both, limits) & (both[..., 0] <= most)
        fits[subject] = False
        if fits.any():
            place = int(np.where(fits, both[..., 0], np.inf).argmin())
            mended = other.copy()
            mended[place // fits.shape[1]] = place % fits.shape[1]
            found.append((float(both[..., 0].flat[place]), mended))
    found.sort(key=lambda pair: pair[0])
    return [each for _, each in found]
