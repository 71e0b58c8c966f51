"""Solve a goal over a study: the solver, the search around it, and measuring the best few."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from prunescope.api.measure_candidates import measuring
from prunescope.api.solved_plan import SolvedPlan
from prunescope.planning.baselines import SCORE_OF, baseline, removes_units
from prunescope.planning.pose_goal import PosedGoal, pose, require_runtime, solve_posed
from prunescope.planning.search import SECONDS, MeasuredBest, improve, improve_by_measuring
from prunescope.planning.solve import Goal, Solution
from prunescope.planning.solve.integer_program import TIME
from prunescope.progress import Progress
from prunescope.store.folder import StudyFolder
from prunescope.store.score_quantiles import every_level, levels
from prunescope.store.trust import require_vouched
from prunescope.study.plan import Plan
from prunescope.text.durations import seconds_from

if TYPE_CHECKING:
    from prunescope.bench.workbench import Workbench


def solve_goal(
    study: StudyFolder,
    goal: Goal,
    progress: Progress,
    runtime: str = "",
    exact: bool = False,
    seconds: float | None = None,
    around: bool = True,
    verify: int = 0,
    rule: str | None = None,
    name: str = "solved",
    bench_of: "Callable[[], Workbench] | None" = None,
) -> SolvedPlan:
    """Return the plan of least damage within ``goal``.

    Args:
        study: With measurements.
        goal: Budgets, and what may be changed.
        progress: Told of each plan that is measured.
        runtime: Latency table to use, such as ``onnx``; the first by default.
        exact: Prove that no plan of measured sparsities is better.
        seconds: To spend: 20 to prove, 5 around the solution.
        around: Look around the solution, and the baselines' plans, with the predictor of whole
            plans; never with ``exact``.
        verify: Then measure so many plans and take the one that loses least.
        rule: The plan of this baseline instead.
        name: Of the plan.
        bench_of: Gives the study's workbench where one is needed; by its reference without.

    Raises:
        BadValue: ``seconds`` is out of range.
        CannotReach: No plan keeps the budgets.
        Cancelled: Somebody asked to stop while plans were measured; those stay.
    """
    seconds_from(seconds)
    require_runtime(study, goal, runtime)
    posed = pose(study, goal, runtime)
    if rule is not None:
        plan = _baseline(study, posed, rule, name, bench_of)
        return _solved(posed, plan, None, ())
    solution = solve_posed(posed, name=name, seconds=(seconds or TIME) if exact else None)
    tried: tuple[MeasuredBest, ...] = ()
    if around and not exact:
        scores = every_level(study.folder, study.manifest, removes_units(posed.solver.problem))
        if verify:
            measure = measuring(study, name, verify, progress, bench_of)
            solution, tried = improve_by_measuring(
                posed, solution, measure, verify, scores, seconds=seconds or SECONDS
            )
        else:
            solution, _ = improve(posed, solution, scores, seconds=seconds or SECONDS)
    return _solved(posed, solution.plan, solution, tried)


def _solved(
    posed: PosedGoal, plan: Plan, solution: Solution | None, tried: tuple[MeasuredBest, ...]
) -> SolvedPlan:
    return SolvedPlan(plan, posed, posed.predicted(plan), solution, tried)


def _baseline(
    study: StudyFolder,
    posed: PosedGoal,
    rule: str,
    name: str,
    bench_of: "Callable[[], Workbench] | None",
) -> Plan:
    """A baseline's plan; score quantiles are read off the weights when they are wanted first."""
    score, known = SCORE_OF.get(rule), None
    if score is not None:
        grouped = removes_units(posed.solver.problem)
        known = levels(study.folder, study.manifest, score, grouped)
        if not known:
            from prunescope.bench.workbench import prepare
            from prunescope.sweep.store_quantiles import store_quantiles

            reference = study.manifest.reference
            bench = bench_of() if bench_of else prepare(require_vouched(reference), study.folder)
            store_quantiles(bench, study)
            known = levels(study.folder, study.manifest, score, grouped)
    found = baseline(rule, posed.solver.problem, known)
    return replace(found, name=rule if name == "solved" else name)
