"""The least pruning by a simple rule that keeps every budget, for comparison with solved plans.

Every rule has one strength, which makes all layers sparser together; it is found by bisection.
"""

from collections.abc import Mapping
from typing import Final

from prunescope.commands import next_steps
from prunescope.errors import CannotReach, UnknownName
from prunescope.planning.baselines.allocation_rules import BASELINES, Levels, find_rule
from prunescope.planning.baselines.prunable import GoalBounds, required_choices
from prunescope.planning.solve.constraints import meets_constraints
from prunescope.planning.solve.goal import DAMAGES
from prunescope.planning.solve.measure_further import points_to_reach
from prunescope.planning.solve.plan_costs import plan_costs
from prunescope.planning.solve.problem import Problem
from prunescope.study.plan import Plan

_HALVINGS: Final = 40


def baseline(
    name: str,
    problem: Problem,
    levels: Levels | None = None,
    overrides: Mapping[str, float] | None = None,
) -> Plan:
    """Return the plan of rule ``name`` that removes least within the problem's budgets.

    Units leave where a budget cannot be met by zeroing weights (dense bytes, MACs, latency) or
    where only units were measured; else weights are zeroed. Locks, bounds, exclusions and multiples
    hold, and only methods are taken that the goal allows.

    Args:
        name: A key of ``BASELINES``.
        problem: Its goal's targets are the budgets.
        levels: For the rules with one threshold, as from ``store.score_quantiles.levels``.
        overrides: Target kind → limit in place of the goal's.

    Raises:
        UnknownName: No such rule.
        BadValue: A threshold without stored quantiles, or by a method that may not be taken.
        CannotReach: Even the most pruning of this rule exceeds a budget, or it breaks a bound.
    """
    if name not in BASELINES:
        raise UnknownName.among("baseline", name, BASELINES)
    grouped = removes_units(problem)
    rule = find_rule(name, problem, grouped, levels)
    limits = dict(zip(problem.kinds[1:], problem.limits(overrides), strict=True))

    goal, bounded, required = problem.goal, GoalBounds(problem), required_choices(problem)

    def plan_at(strength: float) -> Plan:
        chosen = {
            subject_name: bounded(subject_name, choice)
            for subject_name, choice in rule(strength).items()
        }
        choices = {**required, **chosen, **goal.locks}
        return Plan(name, problem.manifest.fingerprint, choices, goal.recovery, goal.seed)

    def fits(strength: float) -> bool:
        return all(
            value <= limits[kind] * (1 + 1e-12)
            for kind, value in plan_costs(problem, plan_at(strength)).items()
            if kind not in DAMAGES
        )

    if not fits(1.0):
        most = plan_costs(problem, plan_at(1.0))
        reached = ", ".join(
            f"{kind} {100 * most[kind] / problem.dense[problem.kinds.index(kind, 1)]:.3g} %"
            for kind in most
            if kind not in DAMAGES
        )
        raise CannotReach(
            f"Expected a budget that the baseline {name} can meet, but at the most it reaches "
            f"{reached} of dense{_within_range(problem)}. Raise the target or unlock some layers"
            f"{_further(problem, limits)}."
        )
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if fits(middle) else (middle, high)
    plan = plan_at(high)
    if not meets_constraints(problem, plan):
        raise CannotReach(
            f"Expected locks and bounds that the baseline {name} can keep, but it cannot keep all "
            "of them. Loosen the bounds, or choose another baseline."
        )
    return plan


def _within_range(problem: Problem) -> str:
    return "" if problem.goal.extrapolate else " within what was measured"


def _further(problem: Problem, limits: Mapping[str, float]) -> str:
    """How to measure what the budget takes, where that helps."""
    points = None if problem.goal.extrapolate else points_to_reach(problem, limits)
    return "" if points is None else f"; or measure further: {next_steps.measure_points(points)}"


def removes_units(problem: Problem) -> bool:
    """Return whether a baseline of the problem removes units rather than zeroes weights."""
    grouped = any(subject.grouped and len(subject.options) > 1 for subject in problem.subjects)
    zeroed = any(not s.grouped and len(s.options) > 1 for s in problem.subjects)
    solid = {"stored", "bytes", "macs", "latency", "memory"} & set(problem.kinds[1:])
    return grouped and (bool(solid) or not zeroed)
