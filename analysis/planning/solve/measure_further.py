"""Which points to measure where a budget cannot be met within what was measured."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from prunescope.curves.curve import Curve
from prunescope.planning.edits import choice_at
from prunescope.planning.solve.goal import DAMAGES
from prunescope.planning.solve.plan_costs import plan_costs
from prunescope.planning.solve.problem import Problem
from prunescope.planning.solve.subject_options import curves_for
from prunescope.study import Grid, Method, sparsity
from prunescope.study.method import is_single
from prunescope.study.plan import Choice, Plan

_STEPS: Final = tuple(round(0.05 * step, 2) for step in range(1, 20))
"""Sparsities that are tried: every twentieth."""

_ROOM: Final = 0.15
"""How far past the least sparsity that keeps the costs is measured."""


def points_to_reach(problem: Problem, limits: Mapping[str, float]) -> Grid | None:
    """Return the points past the last measured ones that bring every cost within ``limits``.

    All unlocked layers (or groups, where units were measured) are pruned alike, up to the least
    sparsity at which the costs are kept. The tenths from the range to there are asked for, and one
    more, so that there is something to choose between.

    Args:
        problem: The goal over its study.
        limits: Target kind → most, absolute; damages are left out.

    Returns:
        None where no such points help, as where zeroed weights save none of the cost.
    """
    for grouped in (True, False):
        curves = _furthest(problem, grouped)
        for value in _STEPS:
            if not curves or value <= min(curve.reach for curve in curves.values()):
                continue
            if not _keeps(problem, _plan(problem, curves, value), limits):
                continue
            short = {name: curve for name, curve in curves.items() if curve.reach < value}
            start = min(curve.reach for curve in short.values())
            methods: tuple[Method, ...] = tuple(
                dict.fromkeys(curve.key.method for curve in short.values())
            )
            tenths = [step / 10 for step in range(1, 10) if start < step / 10 < value + _ROOM]
            further = tuple(tenths) if tenths and tenths[-1] >= value else (*tenths, value)
            goal = problem.goal
            return Grid(methods, further, tuple(short), (goal.recovery,))
    return None


def _furthest(problem: Problem, grouped: bool) -> dict[str, Curve]:
    """Subject → the curve that reaches furthest, of what may be pruned at any sparsity."""
    furthest = {}
    for subject in problem.subjects:
        if subject.grouped != grouped or subject.locked:
            continue
        curves = [
            curve
            for curve in curves_for(problem.curves, problem.goal, subject.name, grouped)
            if not is_single(curve.key.method.granularity)
        ]
        if curves:
            furthest[subject.name] = max(curves, key=lambda curve: curve.reach)
    return furthest


def _plan(problem: Problem, curves: Mapping[str, Curve], value: float) -> Plan:
    goal = problem.goal
    choices: dict[str, Choice] = {}
    for name, curve in curves.items():
        _, high = goal.bounds.get(name, (0.0, 1.0))
        choices[name] = choice_at(curve.key.method, sparsity(min(max(value, curve.reach), high)))
    locks = {name: replace(lock, locked=True) for name, lock in goal.locks.items()}
    return Plan("", problem.manifest.fingerprint, {**choices, **locks}, goal.recovery, goal.seed)


def _keeps(problem: Problem, plan: Plan, limits: Mapping[str, float]) -> bool:
    costs = plan_costs(problem, plan)
    return all(costs[kind] <= most for kind, most in limits.items() if kind not in DAMAGES)
