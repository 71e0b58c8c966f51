"""Measure the best few candidate plans, learn from each, and rank them by their measured loss.

Measured first: the best plan of each start and the starts themselves, if predicted to be nearly as
good as the best. Then, one by one, the plan that looks best after the prediction is corrected by
all measurements so far. The first of the ranking is therefore, by measurement, no worse than the
solver's plan and than every rule's plan that was measured.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from prunescope.arrays import Floats
from prunescope.planning.search.descent import (
    PlanProposal,
    SearchResult,
    feasibility_and_objective,
    limit_excess,
    look_around,
)
from prunescope.planning.search.evaluations import MOST
from prunescope.planning.search.kriging import MeasuredError, corrected_judge, loss_coordinates
from prunescope.planning.search.plan_names import candidate_name
from prunescope.planning.search.predicted_objective import Judge
from prunescope.planning.solve.problem import Problem
from prunescope.study.plan import Plan

Measure = Callable[[Plan], Mapping[str, float]]
"""From a plan, named by where it comes from, to its measured damages per sample, by name."""

_FIRST: Final = 0.5
"""At most this fraction of the plans is measured before the prediction is corrected."""

_NEARLY: Final = 1.5
"""A plan is measured if it is predicted to lose at most this many times what the best loses."""

_APART: Final = 0.03
"""Distance from all measured plans, relative to its own size, below which a plan waits for others:
between nearer plans the noise of the few images exceeds the difference."""

_WAITING: Final = 48
"""Plans that wait to be measured, at most: each is judged again after every measurement."""

_TOGETHER: Final = 2
"""Measured plans that are searched around at once, the best first."""


@dataclass(frozen=True)
class MeasuredBest:
    """A plan that was really applied.

    Attributes:
        proposal: The plan, its objective as predicted uncorrected, and where it comes from.
        objective: The objective as measured.
        over: Fraction by which the worst limit is exceeded, damages as measured; 0 if all hold.
        own: Whether it is the start's own plan, rather than one that the search found near it.
    """

    proposal: PlanProposal
    objective: float
    over: float = 0.0
    own: bool = False

    @property
    def kept(self) -> bool:
        """Whether all limits hold."""
        return self.over == 0


def measured_best(
    problem: Problem,
    search: SearchResult,
    starts: Mapping[str, Plan],
    judge: Judge,
    measure: Measure,
    count: int,
    overrides: Mapping[str, float] | None = None,
    evaluations: int = MOST,
    seconds: float | None = None,
) -> tuple[MeasuredBest, ...]:
    """Return up to ``count`` measured plans, the best first: least over a limit, then objective.

    Args:
        problem: The goal over its study, as arrays.
        search: Result of the search before.
        starts: Plans by origin, as from ``starting_plans``.
        judge: Of whole plans, as the search was.
        measure: Applies a plan and measures it.
        count: How many to measure, 1 or more.
        overrides: Target kind → limit in place of the goal's.
        evaluations: Plans to judge in all, between measurements.
        seconds: Time limit of each search between two measurements, if any.
    """
    trials = _Trials(problem, judge, measure, overrides, starts)
    first = max(round(_FIRST * count), 1)
    waiting = _promising(search, starts)
    learning = False
    while len(trials.done) < count:
        if not learning and (len(trials.done) >= first or not trials.left(waiting)):
            learning = True
            waiting += search.proposals[:_WAITING]
        if learning and trials.errors:
            waiting = _rank_by_corrected(trials, waiting, evaluations // count, seconds)
        new = trials.left(waiting, _APART) or trials.left(waiting)
        if not new:
            break
        trials.measure(new[0])
    return trials.ranked()


def _promising(search: SearchResult, begin: Mapping[str, Plan]) -> list[PlanProposal]:
    """The best of each start and the starts, by predicted objective; those without one last."""
    best = {proposal.start: proposal for proposal in reversed(search.proposals)}
    most = _NEARLY * min((proposal.predicted for proposal in best.values()), default=math.inf)
    start_proposals = [
        PlanProposal(plan, search.starts.get(name, math.nan), name) for name, plan in begin.items()
    ]
    promising = [
        proposal for proposal in (*best.values(), *start_proposals) if not proposal.predicted > most
    ]
    promising.sort(key=lambda proposal: (math.isnan(proposal.predicted), proposal.predicted))
    return list({proposal.plan.digest: proposal for proposal in promising}.values())


def _rank_by_corrected(
    trials: "_Trials", waiting: list[PlanProposal], evaluations: int, seconds: float | None
) -> list[PlanProposal]:
    """Waiting plans and neighbours of the best measured ones, by corrected prediction."""
    corrected = corrected_judge(trials.judge, trials.place, trials.errors)
    best = [proposal.proposal for proposal in trials.ranked()[:_TOGETHER]]
    starts = {proposal.plan.digest: proposal for proposal in best}
    search = look_around(
        trials.problem, {name: proposal.plan for name, proposal in starts.items()}, corrected,
        trials.overrides, evaluations, seconds,
    )  # fmt: skip
    new_proposals = [
        replace(proposal, start=starts[proposal.start].start)
        for proposal in search.proposals[:_WAITING]
    ]
    unique = {proposal.plan.digest: proposal for proposal in (*waiting, *new_proposals)}
    judged = [
        (trials.feasibility_and_objective(proposal.plan, corrected(proposal.plan)), proposal)
        for proposal in unique.values()
    ]
    judged.sort(key=lambda pair: (not pair[0][0], math.isnan(pair[0][1]), pair[0][1]))
    return [proposal for _, proposal in judged[:_WAITING]]


class _Trials:
    """The plans measured so far."""

    def __init__(
        self, problem: Problem, judge: Judge, measure: Measure,
        overrides: Mapping[str, float] | None, starts: Mapping[str, Plan],
    ) -> None:  # fmt: skip
        self.problem, self.judge, self._measure = problem, judge, measure
        self.overrides, self.starts = overrides, starts
        limits = problem.limits(overrides)
        self.limits = dict(zip(problem.kinds[1:], map(float, limits), strict=True))
        self.done: list[MeasuredBest] = []
        self.place = loss_coordinates(problem)
        self.places: list[Floats] = []
        self.errors: list[MeasuredError] = []

    def left(self, waiting: Sequence[PlanProposal], distance: float = 0.0) -> list[PlanProposal]:
        """Those of ``waiting`` that were not measured, at a distance from what was."""
        return [proposal for proposal in waiting if self._new(proposal.plan, distance)]

    def _new(self, plan: Plan, distance: float) -> bool:
        coordinates = self.place(plan)
        least = distance * float(np.linalg.norm(coordinates))
        near = [bool(np.linalg.norm(coordinates - place) < least) for place in self.places]
        same = [measured.proposal.plan.digest == plan.digest for measured in self.done]
        return not any(near) and not any(same)

    def feasibility_and_objective(
        self, plan: Plan, damages: Mapping[str, float]
    ) -> tuple[bool, float]:
        return feasibility_and_objective(self.problem, self.limits, plan, damages)

    def measure(self, proposal: PlanProposal) -> None:
        plan = proposal.plan
        start = self.starts.get(proposal.start)
        own = start is not None and start.digest == plan.digest
        real = self._measure(replace(plan, name=candidate_name(proposal.start, own)))
        predicted_damages = self.judge(plan)
        _, predicted = self.feasibility_and_objective(plan, {**real, **predicted_damages})
        _, objective = self.feasibility_and_objective(plan, real)
        over = limit_excess(self.problem, self.limits, plan, real)
        self.places.append(self.place(plan))
        self.done.append(MeasuredBest(replace(proposal, predicted=predicted), objective, over, own))
        if not any(math.isnan(value) for value in predicted_damages.values()):
            self.errors.append(
                MeasuredError(
                    plan, predicted_damages, {kind: real[kind] for kind in predicted_damages}
                )
            )

    def ranked(self) -> tuple[MeasuredBest, ...]:
        return tuple(sorted(self.done, key=lambda measured: (measured.over, measured.objective)))
