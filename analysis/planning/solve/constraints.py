"""Check a plan, whoever made it, against all that its goal asks besides budgets."""

from typing import Final

from prunescope.planning.solve.measured_range import past_range
from prunescope.planning.solve.problem import Problem
from prunescope.study.method import BLOCK, UNITS
from prunescope.study.plan import Choice, Plan
from prunescope.study.removed_counts import real_sparsity, units_removed

_DIGIT: Final = 1e-4
"""Tolerance of bounds: sparsities have four digits, so a count of units may miss its share."""


def meets_constraints(problem: Problem, plan: Plan) -> bool:
    """Return whether ``plan`` keeps locks, exclusions, bounds, methods and multiples of the goal.

    Nor may it prune a layer and a group that touch the same weight, nor anything past its last
    measured point unless the goal says so. Locked choices are exempt from the goal's methods and
    multiples and from that range. Budgets are not checked.
    """
    goal = problem.goal
    active = plan.active()
    for name, lock in goal.locks.items():
        if _method_and_sparsity(active.get(name)) != _method_and_sparsity(
            lock if lock.sparsity > 0 else None
        ):
            return False
    for name, (low, high) in goal.bounds.items():
        choice = active.get(name)
        value = real_sparsity(problem.manifest, name, choice) if choice else 0.0
        if not low - _DIGIT <= value <= high + _DIGIT:
            return False
    unlocked = {name: choice for name, choice in active.items() if name not in goal.locks}
    pruned = [subject.choice_in(plan) is not None for subject in problem.subjects]
    return (
        not unlocked.keys() & set(goal.excluded)
        and (goal.extrapolate or not past_range(problem, plan))
        and all(not goal.methods or choice.method in goal.methods for choice in unlocked.values())
        and all(_keeps_multiple(problem, name, choice) for name, choice in unlocked.items())
        and not any(pruned[one] and pruned[other] for one, other in problem.conflicts)
    )


def _method_and_sparsity(choice: Choice | None) -> tuple[str, float] | None:
    return None if choice is None else (str(choice.method), choice.sparsity)


def _keeps_multiple(problem: Problem, name: str, choice: Choice) -> bool:
    """Whether a group keeps a multiple of units, or all of them."""
    if choice.granularity not in UNITS:
        return True
    group = problem.manifest.group(name)
    removed = units_removed(group, choice.sparsity)
    whole = group.granularity == BLOCK
    return whole or not removed or (group.units - removed) % problem.goal.round_to == 0
