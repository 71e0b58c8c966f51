"""The neighbourhood of a plan as a problem: every subject pruned a little more or less.

The damage of a change is not read off the subject's own curve: it is predicted for the whole plan
with this one change, so that interactions with the other subjects count. Within the neighbourhood
the changes are added up, and solved for the budgets as any problem is.

Source: sequential programming with a trust region; for pruning the idea of re-weighting curves by
combined evaluations is SPDY's (Frantar and Alistarh 2022, arXiv 2201.13096).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from prunescope.curves.curve import Curve
from prunescope.planning.edits import choice_at
from prunescope.planning.search.predicted_objective import Judge
from prunescope.planning.solve.build_problem import problem_arrays
from prunescope.planning.solve.goal import DAMAGES
from prunescope.planning.solve.problem import Problem
from prunescope.planning.solve.savings import Savings
from prunescope.planning.solve.subject import Option, Subject
from prunescope.planning.solve.subject_options import curves_for
from prunescope.study import sparsity
from prunescope.study.method import BLOCK, is_single
from prunescope.study.plan import Choice, Plan

_STEPS: Final = (-1.0, -0.5, 0.5, 1.0)
_LEAST: Final = 0.02
"""Sparsity from which a dense subject's first steps are counted, and below which it may be left
dense: at 0 the steps, even on the scale of log-odds, have no size."""

_ENTRY: Final = 2.0
"""How many steps above that a dense subject may go at once."""


def neighbourhood_problem(
    problem: Problem,
    base_plan: Plan,
    step: float,
    judge: Judge,
    methods: bool = False,
    room: Callable[[int], bool] = lambda _: True,
    savings: Savings | None = None,
) -> Problem | None:
    """Return the problem of changing ``base_plan`` by steps of at most ``step``.

    None where there is no room to judge all the changes: half a neighbourhood is worth nothing.

    Args:
        problem: The goal over its study, as arrays.
        base_plan: A plan that keeps its locks, bounds and rounding.
        step: In log-odds of the sparsity, so that 1 % and 99 % move as finely as they should.
        judge: Of whole plans.
        methods: Whether to try the other methods at the same sparsity.
        room: Called with how many plans are still to be judged, before each of them.
        savings: Whose subjects may be pruned; None for the problem's.
    """
    blocked = _blocked_subjects(problem, base_plan)
    savings = savings or Savings(problem)
    changes = {
        place: _choices(problem, subject, subject.choice_in(base_plan), step, methods)
        for place, subject in enumerate(problem.subjects)
        if not subject.locked and place not in blocked and savings.lowers(subject)
    }
    left = 1 + sum(map(len, changes.values()))
    if not room(left):
        return None
    base = judge(base_plan)
    subjects = []
    for place, subject in enumerate(problem.subjects):
        now = subject.choice_in(base_plan)
        options = [_option(subject, now or _dense(subject), dict.fromkeys(base, 0.0))]
        for choice in changes.get(place, ()):
            left -= 1
            if not room(left):
                return None
            after = judge(base_plan.setting({subject.name: choice}))
            change = {kind: after[kind] - base[kind] for kind in base}
            if not any(math.isnan(value) for value in change.values()):
                options.append(_option(subject, choice, change))
        options.sort(key=lambda option: option.removed)
        subjects.append(replace(subject, options=tuple(options)))
    goal = replace(problem.goal, between=False)
    surroundings = problem_arrays(
        problem.manifest,
        problem.curves,
        goal,
        tuple(subjects),
        problem.kinds,
        problem.nonlinear_costs,
    )
    constant = surroundings.constant.copy()
    for row, kind in enumerate(problem.kinds):
        if kind in DAMAGES:
            constant[row] = base[kind]
    return replace(surroundings, constant=constant)


def _choices(
    problem: Problem, subject: Subject, now: Choice | None, step: float, methods: bool
) -> list[Choice]:
    """The subject's other choices within the step."""
    choices: dict[tuple[str, int], Choice] = {}
    for curve in curves_for(problem.curves, problem.goal, subject.name, subject.grouped):
        if now is not None and curve.key.method != now.method:
            values = [now.sparsity] if methods else []
        elif is_single(curve.key.method.granularity):
            values = [0.0] if now else [curve.points[-1].sparsity]
        else:
            values = _values(now.sparsity if now else 0.0, step)
        for value in values:
            choice = _nearest_allowed(problem, subject, curve, value, now)
            if choice is not None:
                choices.setdefault((str(choice.method), subject.count(choice)), choice)
    return list(choices.values())


def _values(now: float, step: float) -> list[float]:
    """Sparsities around ``now``, evenly on the scale of log-odds."""
    start = min(max(now, _LEAST), 1 - _LEAST / 10)
    odds = math.log(start / (1 - start))
    up = _ENTRY if now < _LEAST else 1.0
    values = [1 / (1 + math.exp(-(odds + (up if at > 0 else 1.0) * at * step))) for at in _STEPS]
    return [0.0, *values] if now <= 2 * _LEAST else values


def _nearest_allowed(
    problem: Problem, subject: Subject, curve: Curve, value: float, now: Choice | None
) -> Choice | None:
    """The nearest choice to ``value`` within the measured range that the goal allows."""
    reach = max(point.share for point in curve.points) if subject.grouped else curve.reach
    reach = 1.0 if problem.goal.extrapolate else reach
    value = min(value, reach)
    if subject.grouped and curve.key.method.granularity != BLOCK:
        multiple = problem.goal.round_to
        units_left = round(subject.total * (1 - value) / multiple) * multiple
        before = subject.count(now) if now else 0
        # Where rounding undoes the step, one multiple is removed or put back all the same.
        if now and subject.total - units_left == before and value != now.sparsity:
            units_left += -multiple if value > now.sparsity else multiple
        if not 0 < units_left <= subject.total:
            return None
        value = (subject.total - units_left) / subject.total
        if value > reach:
            return None
    low, high = problem.goal.bounds.get(subject.name, (0.0, 1.0))
    choice = choice_at(curve.key.method, sparsity(value))
    if not low <= choice.sparsity <= (0.0 if subject.name in problem.goal.excluded else high):
        return None
    same = now is not None and choice.method == now.method
    if (same or choice.sparsity == 0) and subject.count(choice) == (
        subject.count(now) if now else 0
    ):
        return None
    return choice


def _option(subject: Subject, choice: Choice, change: dict[str, float]) -> Option:
    return Option(choice, subject.count(choice), change)


def _dense(subject: Subject) -> Choice:
    method = subject.options[0].choice
    return Choice(method.criterion, 0.0, method.granularity)


def _blocked_subjects(problem: Problem, base_plan: Plan) -> set[int]:
    """Subjects that cannot be pruned, because what they touch is pruned already."""
    pruned: Sequence[bool] = [
        subject.choice_in(base_plan) is not None for subject in problem.subjects
    ]
    blocked = set()
    for a, b in problem.conflicts:
        blocked |= {int(a)} if pruned[b] else set()
        blocked |= {int(b)} if pruned[a] else set()
    return blocked
