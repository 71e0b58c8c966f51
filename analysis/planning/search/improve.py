"""Improve a solved plan: search by the predictor of whole plans, then measure the best few."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from prunescope.planning.baselines import Levels
from prunescope.planning.explain import nearest_assignment
from prunescope.planning.pose_goal import PosedGoal
from prunescope.planning.search.descent import (
    PlanProposal,
    SearchResult,
    distinct_proposals,
    look_around,
)
from prunescope.planning.search.evaluations import usual_evaluations
from prunescope.planning.search.learn_from_verified import judge_with_measured
from prunescope.planning.search.measure_best import Measure, MeasuredBest, measured_best
from prunescope.planning.search.predicted_objective import Judge, judge
from prunescope.planning.search.starting_plans import extrapolation_note, starting_plans
from prunescope.planning.solve.damages import curve_key, damages_at
from prunescope.planning.solve.goal import DAMAGES
from prunescope.planning.solve.plan_costs import plan_costs
from prunescope.planning.solve.problem import Problem
from prunescope.planning.solve.solution import TIME_DECIDED, Solution
from prunescope.study.plan import Plan

_ALIKE: Final = 0.01
_SHOWN: Final = 3


def improve(
    posed: PosedGoal,
    solution: Solution,
    levels: Mapping[str, Levels] | None = None,
    overrides: Mapping[str, float] | None = None,
    evaluations: int | None = None,
    seconds: float | None = None,
) -> tuple[Solution, SearchResult | None]:
    """Return the best plan predicted near ``solution`` and the rules' plans, and the search.

    Plans that were verified count with what was measured of them, and correct plans near them.

    The bound still refers to sums over options. Without logits only sums can be predicted; then
    the solution is returned unchanged, and no search.

    Args:
        posed: The goal over its study.
        solution: The solver's answer.
        levels: Score → quantiles, for the rules with one threshold.
        overrides: Target kind → limit in place of the goal's.
        evaluations: Plans to judge at most; None for as many as the study's size allows.
        seconds: Time limit, if any; a note says where it ended the search.
    """
    problem = posed.solver.problem
    whole_plan_judge = judge(problem, posed.predicted, posed.operators, solution.plan)
    if whole_plan_judge is None:
        return solution, None
    whole_plan_judge = judge_with_measured(problem, whole_plan_judge, posed.measured)
    starts = starting_plans(problem, solution, levels, overrides)
    count = evaluations or usual_evaluations(problem, posed.operators)
    search = look_around(problem, starts, whole_plan_judge, overrides, count, seconds)
    noted = _with_notes(problem, solution, starts, search)
    measured = {
        name for name, plan in search.start_plans.items() if posed.measured(plan) is not None
    }
    best = _with_proposals(posed, noted, search)
    return replace(best, measured_beside=frozenset(measured & best.beside.keys())), search


def improve_by_measuring(
    posed: PosedGoal,
    solution: Solution,
    measure: Measure,
    count: int,
    levels: Mapping[str, Levels] | None = None,
    overrides: Mapping[str, float] | None = None,
    evaluations: int | None = None,
    seconds: float | None = None,
) -> tuple[Solution, tuple[MeasuredBest, ...]]:
    """Return the best of ``count`` measured plans as a solution, and all of them, best first.

    Searches as ``improve``, then calls ``measured_best``. Without logits no search is possible, and
    only the solver's and the rules' plans are measured.

    Args:
        posed: The goal over its study.
        solution: The solver's answer.
        measure: Applies a plan and measures it.
        count: How many to measure, 1 or more.
        levels: Score → quantiles, for the rules with one threshold.
        overrides: Target kind → limit in place of the goal's.
        evaluations: Plans to judge at most, half of them before anything is measured; None for
            as many as the study's size allows.
        seconds: Time limit of the first search, if any, and of those between measurements.
    """
    problem = posed.solver.problem
    starts = starting_plans(problem, solution, levels, overrides)
    whole_plan_judge = judge(
        problem, posed.predicted, posed.operators, solution.plan
    ) or _judge_without_logits(problem)
    half = (evaluations or usual_evaluations(problem, posed.operators)) // 2
    search = look_around(problem, starts, whole_plan_judge, overrides, half, seconds)
    measured = measured_best(
        problem, search, starts, whole_plan_judge, measure, count, overrides, half, seconds
    )
    best = _with_proposals(posed, _with_notes(problem, solution, starts, search), search)
    return take_best_measured(posed, best, measured), measured


def take_best_measured(
    posed: PosedGoal, solution: Solution, measured: Sequence[MeasuredBest]
) -> Solution:
    """Return ``solution`` with the best measured plan, and equally good ones as alternatives."""
    best, *others = measured
    most = best.objective * (1 + _ALIKE)
    own = {each.proposal.start: each.objective for each in measured if each.own}
    near = [
        candidate.proposal
        for candidate in others
        if candidate.over == best.over and candidate.objective <= most
    ]
    equally_good = distinct_proposals((best.proposal, *near), 1 + _SHOWN)[1:]
    return replace(
        replace_plan(posed, solution, best.proposal),
        alternatives=tuple(candidate.plan for candidate in equally_good),
        beside={**solution.beside, **own},
        measured_beside=frozenset(own),
    )


def _with_notes(
    problem: Problem, solution: Solution, starts: Mapping[str, Plan], search: SearchResult
) -> Solution:
    """``solution`` with notes on starts past the last measured points, and on a time limit."""
    note = extrapolation_note(problem, starts)
    notes = [*([note] if note else []), *([TIME_DECIDED] if search.late else [])]
    return replace(solution, notes=(*solution.notes, *notes))


def _judge_without_logits(problem: Problem) -> Judge:
    nothing = {kind: math.nan for kind in problem.kinds if kind in DAMAGES}
    return lambda _: nothing


def _with_proposals(posed: PosedGoal, solution: Solution, search: SearchResult) -> Solution:
    """``solution`` with the best proposal, and with others that are nearly as good."""
    if not search.proposals:
        return solution
    best, *others = search.proposals
    near = [proposal for proposal in others if proposal.predicted <= best.predicted * (1 + _ALIKE)]
    return replace(
        replace_plan(posed, solution, best),
        alternatives=tuple(
            proposal.plan.as_solved()
            for proposal in distinct_proposals((best, *near), 1 + _SHOWN)[1:]
        ),
        beside=search.starts,
    )


def replace_plan(posed: PosedGoal, solution: Solution, proposal: PlanProposal) -> Solution:
    """Return ``solution`` with the plan of ``proposal`` in place of its own, costs counted."""
    problem = posed.solver.problem
    plan = replace(proposal.plan, name=solution.plan.name).as_solved()
    costs = {**solution.costs, **plan_costs(problem, plan)}
    if "drop" in costs:
        costs["drop"] = posed.drop_of(plan) or 0.0
    value = _summed_objective(problem, plan)
    return replace(
        solution,
        plan=plan,
        value=value,
        bound=None if solution.bound is None else min(solution.bound, value),
        costs=costs,
        chosen=nearest_assignment(problem, plan),
        exact=False,
        predicted=None if math.isnan(proposal.predicted) else proposal.predicted,
    )


def _summed_objective(problem: Problem, plan: Plan) -> float:
    """The plan's objective: a damage added up over its subjects, or a cost."""
    kind = problem.kinds[0]
    if kind not in DAMAGES:
        return plan_costs(replace(problem, kinds=(kind, kind)), plan)[kind]
    total = 0.0
    for subject in problem.subjects:
        choice = subject.choice_in(plan)
        if choice is not None:
            curve = problem.curves.get(curve_key(subject.name, choice, problem.goal))
            total += damages_at(curve, choice.sparsity)[kind]
    return total
