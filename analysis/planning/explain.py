"""Why each layer or group got its sparsity: what one step more or less costs and saves."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from prunescope.arrays import Floats, Indices
from prunescope.errors import PrunescopeError
from prunescope.planning.pose_goal import PosedGoal, solve_posed
from prunescope.planning.solve.build_problem import build_problem
from prunescope.planning.solve.goal import DAMAGES
from prunescope.planning.solve.nonlinear_budgets import linearised
from prunescope.planning.solve.problem import Problem
from prunescope.planning.solve.solution import Solution
from prunescope.planning.solve.solver import make_solver
from prunescope.study import Manifest
from prunescope.study.plan import Plan


@dataclass(frozen=True)
class SparsityStep:
    """A subject changed to its next sparsity, the rest of the plan as it is.

    Attributes:
        sparsity: The next one.
        damage: Change of the objective.
        cost: Change of the binding cost, as a fraction of the dense network's; negative saves.
    """

    sparsity: float
    damage: float
    cost: float

    @property
    def price(self) -> float:
        """Objective paid (or won back) per fraction of the dense cost; NaN where it saves none."""
        return abs(self.damage / self.cost) if self.cost else math.nan


@dataclass(frozen=True)
class Reason:
    """Why one subject has its sparsity.

    Attributes:
        subject: Layer or group.
        grouped: Whether units leave.
        sparsity: Of the solution; of the option nearest to it.
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
    """Return the reasons of all subjects, in forward order.

    Costs of steps are those of the target that binds most, or of the first target if none binds.
    Costs that are no polynomials are linearised around the plan.
    """
    if problem.nonlinear_costs:
        problem = linearised(problem, solution.chosen)
    binding = solution.binding()
    kind = binding[0] if binding else problem.kinds[1]
    row = problem.kinds.index(kind, 1)
    dense = float(problem.dense[row]) or 1.0
    rate = solution.multipliers[kind] * dense
    change = problem.moves(solution.chosen)
    return tuple(
        _reason(problem, solution, subject_index, change[:, subject_index], row, dense, rate, kind)
        for subject_index in range(len(problem.subjects))
    )


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


def _reason(
    problem: Problem, solution: Solution, subject_index: int, change: Floats, row: int,
    dense: float, rate: float, kind: str,
) -> Reason:  # fmt: skip
    subject = problem.subjects[subject_index]
    now = subject.options[solution.chosen[subject_index]]
    steps: list[SparsityStep | None] = []
    for side in (1, -1):
        further = [
            (candidate.removed, option)
            for option, candidate in enumerate(subject.options)
            if side * (candidate.removed - now.removed) > 0 and np.isfinite(change[0, option])
        ]
        pick = min(further, key=lambda pair: abs(pair[0] - now.removed), default=None)
        steps.append(
            None
            if pick is None
            else SparsityStep(
                subject.options[pick[1]].choice.sparsity, float(change[0, pick[1]]),
                float(change[row, pick[1]]) / dense,
            )
        )  # fmt: skip
    more, less = steps
    return Reason(
        subject.name, subject.grouped, now.choice.sparsity, more, less,
        _why(problem, subject.name, subject.locked, now.removed > 0, more, less, rate, kind),
    )  # fmt: skip


def _why(
    problem: Problem, name: str, locked: bool, pruned: bool,
    more: SparsityStep | None, less: SparsityStep | None, rate: float, kind: str,
) -> str:  # fmt: skip
    goal = problem.goal
    if name in goal.locks:
        return "Locked by you."
    if name in goal.excluded:
        return "Excluded by you."
    if locked:
        return "Its bounds leave one measured sparsity."
    if more is None and pruned:
        return "As far as was measured, or as its bounds allow."
    if more is None:
        return "Nothing else can be chosen beside what it is coupled with."
    if rate <= 0:
        return "No budget asks for more."
    if kind in DAMAGES:
        return "The accepted damage is spent where it saves most."
    if more.cost >= 0:
        return f"Pruning it further saves nothing in {kind}."
    text = f"The next step costs {_price_ratio(more.price, rate)} what the budget's last step cost"
    if less is not None and less.cost > 0:
        text += f"; the step before it would win back {_price_ratio(less.price, rate)}"
    return text + "."


def _price_ratio(price: float, rate: float) -> str:
    return "far more than" if price > 99 * rate else f"{price / rate:.2g} ×"


def nearest_assignment(problem: Problem, plan: Plan) -> Indices:
    """Return the assignment closest to any ``plan``, so that hand-made plans can be explained."""
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
