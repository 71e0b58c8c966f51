"""Describe a solver's assignment: true costs, equally good plans, or why no plan exists."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from prunescope.arrays import Floats, Indices
from prunescope.commands import next_steps
from prunescope.planning.solve.fill_budget import fill_budget, true_costs
from prunescope.planning.solve.goal import DAMAGES
from prunescope.planning.solve.local_search import within
from prunescope.planning.solve.measure_further import points_to_reach
from prunescope.planning.solve.problem import Problem
from prunescope.planning.solve.solution import Solution
from prunescope.text.scores import words_of

_ALIKE: Final = 0.01
_SHOWN: Final = 3


def describe_solution(
    problem: Problem,
    chosen: Indices,
    limits: Floats,
    bound: float | None,
    multipliers: Floats,
    name: str,
    exact: bool = False,
    alternatives: Sequence[Indices] = (),
) -> Solution:
    """Return an assignment as a solution; leftover budget is filled between measured sparsities."""
    kinds = problem.kinds[1:]
    plan, gained = problem.plan(chosen, name), 0.0
    costs = true_costs(problem, plan, chosen)
    if problem.goal.between:
        plan, costs, gained = fill_budget(problem, chosen, plan, costs, limits)
    value = float(problem.values(chosen)[0]) - gained
    return Solution(
        plan=plan,
        objective=problem.kinds[0],
        value=value,
        bound=None if bound is None else min(bound, value),
        costs=costs,
        limits=dict(zip(kinds, map(float, limits), strict=True)),
        dense=dict(zip(kinds, map(float, problem.dense[1:]), strict=True)),
        multipliers=dict(zip(kinds, map(float, multipliers), strict=True)),
        chosen=chosen,
        exact=exact,
        alternatives=tuple(problem.plan(assignment, name) for assignment in alternatives),
        notes=problem.notes,
    )


def near_optimal(problem: Problem, assignments: Sequence[Indices], limits: Floats) -> list[Indices]:
    """Return other assignments within ``limits`` and 1 % of the first one's objective.

    Candidates are the other assignments (those that differ most come first), then the cheapest
    changes of one subject of the first assignment.
    """
    best, *others = assignments
    values = problem.values(best)
    most = values[0] + _ALIKE * abs(values[0])
    near = [assignment for assignment in others if problem.values(assignment)[0] <= most]
    near.sort(key=lambda assignment: -int((assignment != best).sum()))
    change = problem.moves(best)
    fits = within(np.moveaxis(values[:, None, None] + change, 0, -1), limits)
    fits &= values[0] + change[0] <= most
    fits[np.arange(len(best)), best] = False
    cheapest = np.argsort(np.where(fits, change[0], np.inf), axis=None, kind="stable")
    for flat_index in cheapest[: min(_SHOWN, int(fits.sum()))]:
        subject, option = np.unravel_index(int(flat_index), fits.shape)
        other = best.copy()
        other[subject] = option
        near.append(other)
    unique = {
        assignment.tobytes(): assignment
        for assignment in near
        if not np.array_equal(assignment, best)
    }
    return list(unique.values())[:_SHOWN]


def unreachable_sentence(
    problem: Problem, limits: Floats, reach: Floats, together: bool = False
) -> str:
    """Return the sentence that says which limits cannot be kept, and what can be reached."""
    limit_texts = [
        _amount(problem, kind, limit) for kind, limit in zip(problem.kinds[1:], limits, strict=True)
    ]
    bounds = [
        f"{kind} {_amount(problem, kind, value)}"
        for kind, value in zip(problem.kinds[1:], reach, strict=True)
    ]
    if together:
        requested = " and ".join(
            f"{kind} at most {text}"
            for kind, text in zip(problem.kinds[1:], limit_texts, strict=True)
        )
        return (
            f"Expected targets that can be met together, but no plan was found with {requested}; "
            f"each by itself reaches {', '.join(bounds)}. Loosen one, unlock a layer or group, or "
            "solve exactly to be sure."
        )
    failed = [index for index in range(len(reach)) if reach[index] > limits[index] * (1 + 1e-12)]
    requested = " and ".join(f"{problem.kinds[1 + p]} at most {limit_texts[p]}" for p in failed)
    least = " and ".join(_amount(problem, problem.kinds[1 + p], reach[p]) for p in failed)
    grouped = any(subject.grouped for subject in problem.subjects)
    hint = "Raise the target, unlock or include more, or measure larger sparsities."
    by_kind = dict(zip(problem.kinds[1:], map(float, limits), strict=True))
    further = None if problem.goal.extrapolate else points_to_reach(problem, by_kind)
    if further is not None:
        hint = (
            f"Measure further: {next_steps.measure_points(further)}; or raise the target, unlock "
            f"or include more, or go past what was measured by guess: {next_steps.extrapolate()}."
        )
    if not grouped and any(
        problem.kinds[1 + p] in ("macs", "bytes", "stored", "latency", "memory") for p in failed
    ):
        hint = (
            "Zeroed weights save none of it in dense tensors and runtimes: measure channels, or "
            "set a target on parameters, compressed-bytes or nonzero-macs."
        )
    short = " and ".join(
        _amount(problem, problem.kinds[1 + p], reach[p] - limits[p]).removesuffix(" of dense")
        for p in failed
    )
    return (
        f"Expected targets that can be met, but {requested} cannot: what was measured and left "
        f"free reaches {least} at the least, {short} too much. {hint}"
    )


def _amount(problem: Problem, kind: str, value: float) -> str:
    if kind in DAMAGES:
        words = words_of(problem.manifest)
        return words.limit(value) if kind == "drop" else f"{value:.3g} nats"
    dense = problem.dense[problem.kinds.index(kind, 1)]
    return f"{100 * value / dense:.3g} % of dense" if dense else f"{value:g}"
