"""Use up leftover budget: a few subjects are pruned less, to a sparsity between two options."""

import math
from dataclasses import replace
from typing import Final

import numpy as np

from prunescope.arrays import Floats, Indices
from prunescope.planning.solve.damages import curve_key, damages_at
from prunescope.planning.solve.goal import DAMAGES
from prunescope.planning.solve.plan_costs import plan_costs
from prunescope.planning.solve.problem import Problem
from prunescope.study import sparsity
from prunescope.study.plan import Choice, Plan

_LEAST: Final = 1e-6
"""Of the way back to an option, below which there is no room."""


def true_costs(problem: Problem, plan: Plan, chosen: Indices) -> dict[str, float]:
    """Return every target kind's value of ``plan``; damages are those of the options ``chosen``."""
    values = dict(zip(problem.kinds, map(float, problem.values(chosen)), strict=True))
    return {**{kind: values[kind] for kind in problem.kinds[1:]}, **plan_costs(problem, plan)}


def fill_budget(
    problem: Problem, chosen: Indices, plan: Plan, costs: dict[str, float], limits: Floats
) -> tuple[Plan, dict[str, float], float]:
    """Prune a few subjects less, to between two options, as far as the limits leave room.

    Returns:
        The plan, its costs, and by how much the objective is lower.
    """
    kinds, gained = problem.kinds[1:], 0.0
    change = problem.moves(chosen)
    done: set[int] = set()
    for _ in range(len(kinds) + 1):
        slack = limits - np.array([costs[kind] for kind in kinds])
        candidates = sorted(_steps_back(problem, chosen, change, slack, done))
        for _, subject_index, before, part in candidates[:3]:
            done.add(subject_index)
            filled_choice = _between(problem, chosen, subject_index, before, part)
            if filled_choice is None:
                continue
            choice, saved = filled_choice
            other = plan.setting({problem.subjects[subject_index].name: choice})
            now = true_costs(problem, other, chosen)
            if all(now[k] <= m * (1 + 1e-12) for k, m in zip(kinds, limits, strict=True)):
                plan, costs, gained = other, now, gained + saved
                break
        else:
            break
    return plan, costs, gained


def _steps_back(
    problem: Problem, chosen: Indices, change: Floats, slack: Floats, done: set[int]
) -> list[tuple[float, int, int, float]]:
    """(objective, subject, option before, how far towards it) for each subject that may go back."""
    rows = np.arange(len(problem.subjects))
    before = problem.before[rows, chosen]
    gain, more = change[0, rows, before], change[1:, rows, before]
    with np.errstate(divide="ignore", invalid="ignore"):
        room = np.where(more > 0, slack[:, None] / more, np.inf)
    part = np.minimum(room.min(axis=0, initial=np.inf), 1.0)
    useful = (before >= 0) & (gain < 0) & (part > _LEAST)
    return [
        (float(gain[index] * part[index]), int(index), int(before[index]), float(part[index]))
        for index in np.flatnonzero(useful)
        if index not in done
    ]


def _between(
    problem: Problem, chosen: Indices, subject_index: int, before: int, part: float
) -> tuple[Choice, float] | None:
    """The choice ``part`` of the way back, in whole weights or units, and the damage it saves."""
    subject = problem.subjects[subject_index]
    now, previous = subject.options[chosen[subject_index]], subject.options[before]
    removed = now.removed - math.floor(part * (now.removed - previous.removed))
    if subject.grouped:
        multiple = problem.goal.round_to
        units_left = (subject.total - removed) // multiple * multiple
        removed = subject.total - units_left
    value = math.ceil(10_000 * removed / subject.total - 1e-9) / 10_000
    choice = replace(now.choice, sparsity=sparsity(min(value, 1.0)))
    low, high = problem.goal.bounds.get(subject.name, (0.0, 1.0))
    if not previous.removed < removed < now.removed or not low <= choice.sparsity <= high:
        return None
    curve = problem.curves.get(curve_key(subject.name, choice, problem.goal))
    kind = problem.kinds[0]
    if kind not in DAMAGES or curve is None:
        return None
    saved = now.damages[kind] - damages_at(curve, choice.sparsity)[kind]
    return (choice, saved) if saved > 0 else None
