"""Why each layer or group has its sparsity: what one step more or less costs and saves."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from prunescope.arrays import Floats, Indices
from prunescope.errors import PrunescopeError
from prunescope.planning.pose_goal import PosedGoal, solve_posed
from prunescope.planning.reason_words import SparsityStep, why
from prunescope.planning.solve.build_problem import build_problem, problem_arrays
from prunescope.planning.solve.damages import curve_key, damages_at
from prunescope.planning.solve.nonlinear_budgets import linearised
from prunescope.planning.solve.problem import Problem
from prunescope.planning.solve.solution import Solution
from prunescope.planning.solve.solver import make_solver
from prunescope.planning.solve.subject import Option, Subject
from prunescope.study import Manifest
from prunescope.study.plan import Choice, Plan

BY_LAYER: Final = (
    "Steps are priced layer by layer; the plan was chosen by what is predicted of it as a whole, "
    "so single steps can look better than they are."
)
"""Said of reasons where a search by the predictor of whole plans had the last word."""


@dataclass(frozen=True)
class Reason:
    """Why one subject has its sparsity.

    Attributes:
        subject: Layer or group.
        grouped: Whether units leave.
        sparsity: What the plan has.
        more: The next larger sparsity, or None.
        less: The next smaller one, or None.
        why: One sentence.
    """

    subject: str
    grouped: bool
    sparsity: float
    more: SparsityStep | None
    less: SparsityStep | None
    why: str


def explain(problem: Problem, solution: Solution) -> tuple[Reason, ...]:
    """Return the reasons of all subjects for the plan of ``solution``, in forward order.

    Costs of steps are those of the target that binds most, or of the first target if none binds.
    Costs that are no polynomials are linearised around the plan.

    Args:
        problem: What was solved; the plan may have sparsities that are none of its options.
        solution: The plan with its multipliers.
    """
    problem = _with_choices_of(problem, solution.plan)
    chosen = nearest_assignment(problem, solution.plan)
    if problem.nonlinear_costs:
        problem = linearised(problem, chosen)
    binding = solution.binding()
    kind = binding[0] if binding else problem.kinds[1]
    row = problem.kinds.index(kind, 1)
    dense = float(problem.dense[row]) or 1.0
    rate = solution.multipliers[kind] * dense
    change = problem.moves(chosen)
    reasons = []
    for index, subject in enumerate(problem.subjects):
        now = subject.options[chosen[index]]
        more, less = (_step(subject, now, change[:, index], row, dense, side) for side in (1, -1))
        words = why(problem, chosen, index, more, less, rate, kind)
        reasons.append(
            Reason(subject.name, subject.grouped, now.choice.sparsity, more, less, words)
        )
    return tuple(reasons)


def lock_costs(
    manifest: Manifest,
    posed: PosedGoal,
    limits: Mapping[str, float] | None = None,
    names: Iterable[str] | None = None,
) -> dict[str, float]:
    """Return what each lock adds to the objective: the best with it minus the best without.

    Both are solved for the same targets in the same way, whatever the current plan is. The locked
    choice stays available without the lock, so a cost is at least 0. Locks that cannot be left out,
    because the problem has no solution then, are not in the result.

    Args:
        manifest: Of the study.
        posed: The goal with its locks.
        limits: Target kind → limit in place of the goal's.
        names: Whose locks to price; None for all, each of which takes a solution of its own.

    Raises:
        CannotReach: No plan keeps the targets with all the locks.
    """
    prices, problem = {}, posed.solver.problem
    own = solve_posed(posed, limits).value
    for name in problem.goal.locks if names is None else names:
        locks = {other: lock for other, lock in problem.goal.locks.items() if other != name}
        goal = replace(problem.goal, locks=locks)
        try:
            ready = make_solver(
                build_problem(manifest, posed.curves, goal, problem.nonlinear_costs)
            )
            other = solve_posed(replace(posed, solver=ready), limits)
        except PrunescopeError:
            continue
        prices[name] = max(own - other.value, 0.0)
    return prices


def _with_choices_of(problem: Problem, plan: Plan) -> Problem:
    """``problem`` with every choice of ``plan`` among its options."""
    if problem.chosen(plan) is not None:
        return problem
    subjects = []
    for subject in problem.subjects:
        choice = subject.choice_in(plan)
        options = subject.options
        if choice is not None and not any(_same(option.choice, choice) for option in options):
            options = tuple(
                sorted((*options, _option(problem, subject, choice)), key=lambda o: o.removed)
            )
        subjects.append(replace(subject, options=options))
    return problem_arrays(
        problem.manifest, problem.curves, problem.goal, tuple(subjects), problem.kinds,
        problem.nonlinear_costs, dominated=True,
    )  # fmt: skip


def _option(problem: Problem, subject: Subject, choice: Choice) -> Option:
    removed = subject.count(choice)
    curve = problem.curves.get(curve_key(subject.name, choice, problem.goal))
    return Option(choice, removed, damages_at(curve, removed / subject.total))


def _same(one: Choice, other: Choice) -> bool:
    return (one.method, one.sparsity) == (other.method, other.sparsity)


def _step(
    subject: Subject, now: Option, change: Floats, row: int, dense: float, side: int
) -> SparsityStep | None:
    """The next option that removes more (``side`` 1) or less (-1); None where there is none."""
    if any(math.isnan(value) for value in now.damages.values()) and not any(
        math.isfinite(value) for value in now.damages.values()
    ):
        return None  # a method that was never measured of it: a difference would mean nothing
    further = [
        (candidate.removed, option)
        for option, candidate in enumerate(subject.options)
        if side * (candidate.removed - now.removed) > 0 and np.isfinite(change[0, option])
    ]
    pick = min(further, key=lambda pair: abs(pair[0] - now.removed), default=None)
    if pick is None:
        return None
    sparsity = subject.options[pick[1]].choice.sparsity
    return SparsityStep(sparsity, float(change[0, pick[1]]), float(change[row, pick[1]]) / dense)


def nearest_assignment(problem: Problem, plan: Plan) -> Indices:
    """Return the assignment closest to any ``plan``, so that hand-made plans can be solved on."""
    assignment = []
    for subject in problem.subjects:
        choice = subject.choice_in(plan)
        plan_sparsity = choice.sparsity if choice else 0.0
        method = choice.method if choice else None
        assignment.append(
            min(
                range(len(subject.options)),
                key=lambda option, s=subject, w=plan_sparsity, m=method: (  # type: ignore[misc]
                    abs(s.options[option].choice.sparsity - w),
                    s.options[option].choice.method != m,
                ),
            )
        )
    return np.array(assignment, np.intp)
