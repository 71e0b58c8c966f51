"""Descend from each starting plan to better plans near it, by the predicted loss of whole plans.

Solvers add up what single layers lose; combined, layers lose more or less than that. So plans are
judged as a whole: first the solver's and each rule's, then the neighbours of each (the best start
first), step by step, as long as the predicted loss decreases. Every plan keeps all budgets, prunes
nothing past what was measured, and removes nothing that saves nothing.

What ends a search is a number of evaluated plans, not a time: the same question has one answer.
"""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from prunescope.errors import PrunescopeError
from prunescope.planning.search.evaluations import MOST
from prunescope.planning.search.neighbourhood import neighbourhood_problem
from prunescope.planning.search.predicted_objective import Judge
from prunescope.planning.solve.constraints import meets_constraints
from prunescope.planning.solve.goal import DAMAGES
from prunescope.planning.solve.plan_costs import plan_costs
from prunescope.planning.solve.problem import Problem
from prunescope.planning.solve.savings import Savings
from prunescope.planning.solve.solver import make_solver
from prunescope.study.plan import Plan

_FIRST: Final = 0.8
_LAST: Final = 0.03
"""Steps, in log-odds of the sparsity."""

_SAME: Final = 0.02
"""Two plans whose sparsities differ by at most this are not shown as different."""

_WORTH: Final = 1e-4
"""Gains below this fraction of the objective do not count."""


@dataclass(frozen=True)
class PlanProposal:
    """A plan within the budgets.

    Attributes:
        plan: What to do.
        predicted: Objective predicted of it as a whole (a cost, where a cost is kept small).
        start: Name of the start that the search found it from: ``solver``, or a rule's name.
    """

    plan: Plan
    predicted: float
    start: str


@dataclass(frozen=True)
class SearchResult:
    """The plans that a search judged.

    Attributes:
        proposals: Different plans, the best by prediction first.
        starts: Start → its objective, as judged.
        judged: How many plans were judged.
        ended: Whether it ended because no step was better.
        late: Whether a time limit ended it, so that a second search may find something else.
        start_plans: Start → the plan that was judged: without what it removes for no saving.
    """

    proposals: tuple[PlanProposal, ...]
    starts: Mapping[str, float]
    judged: int
    ended: bool
    late: bool = False
    start_plans: Mapping[str, Plan] = field(default_factory=dict)


def look_around(
    problem: Problem,
    starts: Mapping[str, Plan],
    judge: Judge,
    overrides: Mapping[str, float] | None = None,
    evaluations: int = MOST,
    seconds: float | None = None,
) -> SearchResult:
    """Return the best plans that are predicted around those of ``starts``.

    The search descends from every start, because a descent gets stuck at corners of the
    interpolated curves, a different one for every start.

    Args:
        problem: The goal over its study, as arrays.
        starts: Plans by origin, as from ``starting_plans``.
        judge: Of whole plans.
        overrides: Target kind → limit in place of the goal's.
        evaluations: Plans to judge at most, the starts and one neighbourhood included.
        seconds: Time limit, if any; where it is reached, the result says so.
    """
    search = _Search(problem, judge, problem.limits(overrides), evaluations, seconds)
    seen = {name: search.see(plan, name) for name, plan in starts.items()}
    first = {name: proposal for name, proposal in seen.items() if proposal is not None}
    values = {name: proposal.predicted for name, proposal in first.items()}
    ended = True
    for name in sorted(values, key=values.__getitem__):
        ended = search.descend(first[name], overrides) and ended
    ranked = sorted(search.seen.values(), key=lambda candidate: candidate.predicted)
    plans = {name: proposal.plan for name, proposal in first.items()}
    return SearchResult(tuple(ranked), values, search.count, ended, search.late, plans)


def distinct_proposals(proposals: Sequence[PlanProposal], count: int) -> tuple[PlanProposal, ...]:
    """Return up to ``count`` of ``proposals``, in order, that differ by more than ``_SAME``."""
    distinct: list[PlanProposal] = []
    for proposal in proposals:
        if len(distinct) < count and all(
            _distance(proposal.plan, other.plan) > _SAME for other in distinct
        ):
            distinct.append(proposal)
    return tuple(distinct)


def _distance(one: Plan, other: Plan) -> float:
    """The largest difference of any sparsity; 1 for another method."""
    pairs = [(one.active().get(n), other.active().get(n)) for n in {*one.active(), *other.active()}]
    return max(
        (
            1.0 if a and b and a.method != b.method
            else abs((a.sparsity if a else 0.0) - (b.sparsity if b else 0.0))
            for a, b in pairs
        ),
        default=0.0,
    )  # fmt: skip


class _Search:
    """The plans judged so far."""

    def __init__(
        self,
        problem: Problem,
        judge: Judge,
        limits: np.ndarray,
        evaluations: int,
        seconds: float | None,
    ) -> None:
        self.problem = problem
        self.judge = judge
        self.limits = dict(zip(problem.kinds[1:], map(float, limits), strict=True))
        self.evaluations = evaluations
        self.end = math.inf if seconds is None else time.monotonic() + seconds
        self.late = False
        self.count = 0
        self.savings = Savings(problem)
        self.seen: dict[str, PlanProposal] = {}

    def descend(self, best: PlanProposal, overrides: Mapping[str, float] | None) -> bool:
        """Step from ``best`` to better plans; return False where it had to stop before the end."""
        step, methods = _FIRST, True
        while step >= _LAST:
            surroundings = neighbourhood_problem(
                self.problem, best.plan, step, self.counted, methods, self.room, self.savings
            )
            if surroundings is None:
                return False
            methods = False
            try:
                plan = make_solver(surroundings).solve(overrides, best.plan.name).plan
            except PrunescopeError:
                step /= 2
                continue
            proposal = self.see(plan, best.start)
            gain = best.predicted - proposal.predicted if proposal is not None else 0.0
            if proposal is not None and gain > 0:
                best = proposal
            if gain <= _WORTH * abs(best.predicted):
                step /= 2
        return True

    def room(self, plans: int) -> bool:
        """Whether so many more plans may be judged."""
        self.late = self.late or time.monotonic() > self.end
        return not self.late and self.count + plans <= self.evaluations

    def counted(self, plan: Plan) -> Mapping[str, float]:
        self.count += 1
        return self.judge(plan)

    def see(self, plan: Plan, start: str) -> PlanProposal | None:
        """Judge a plan; None where it breaks a limit or constraint, or has no prediction.

        What it removes without a saving is left in first.
        """
        plan = self.savings.without_idle(plan)
        if plan.digest in self.seen:
            return self.seen[plan.digest]
        if not meets_constraints(self.problem, plan):
            return None
        within_limits, objective = feasibility_and_objective(
            self.problem, self.limits, plan, self.counted(plan)
        )
        if not within_limits or math.isnan(objective):
            return None
        self.seen[plan.digest] = PlanProposal(plan, objective, start)
        return self.seen[plan.digest]


def feasibility_and_objective(
    problem: Problem, limits: Mapping[str, float], plan: Plan, damages: Mapping[str, float]
) -> tuple[bool, float]:
    """Return whether ``plan`` with its ``damages`` keeps all ``limits``, and its objective."""
    within_limits = limit_excess(problem, limits, plan, damages) == 0
    kind = problem.kinds[0]
    if kind in DAMAGES:
        return within_limits, damages.get(kind, math.nan)
    return within_limits, plan_costs(replace(problem, kinds=(kind, kind)), plan)[kind]


def limit_excess(
    problem: Problem, limits: Mapping[str, float], plan: Plan, damages: Mapping[str, float]
) -> float:
    """Return the fraction by which ``plan`` exceeds its worst limit; infinite where unknown."""
    values = {**damages, **plan_costs(problem, plan)}
    worst = 0.0
    for kind, most in limits.items():
        if not values[kind] <= most * (1 + 1e-12):  # NaN too
            over = (values[kind] - most) / most if most > 0 else math.inf
            worst = max(worst, math.inf if math.isnan(over) else over)
    return worst
