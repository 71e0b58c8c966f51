"""Solve a goal over a study: the solver, the search around it, and measuring the best few."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from prunescope.api.measure_candidates import measuring
from prunescope.api.solved_plan import SolvedPlan
from prunescope.errors import BadValue
from prunescope.planning.baselines import SCORE_OF, baseline, removes_units
from prunescope.planning.by_recovery import RecoveryOutcome, measured_recoveries, outcome
from prunescope.planning.goal_request import request_of
from prunescope.planning.kl_ceiling import better_by_score
from prunescope.planning.pose_goal import PosedGoal, StudyKnowledge, require_runtime, solve_posed
from prunescope.planning.search import MeasuredBest, improve, improve_by_measuring
from prunescope.planning.solve import Goal, Solution
from prunescope.planning.solve.integer_program import TIME
from prunescope.progress import Progress
from prunescope.store.folder import StudyFolder
from prunescope.store.score_quantiles import every_level, levels
from prunescope.store.trust import require_vouched
from prunescope.study.bounds import EVALUATED_PLANS
from prunescope.study.plan import Plan
from prunescope.text.durations import seconds_from
from prunescope.text.scores import words_of

if TYPE_CHECKING:
    from prunescope.bench.workbench import Workbench


@dataclass(frozen=True)
class Effort:
    """How hard to look for a plan.

    Attributes:
        exact: Prove that no plan of measured sparsities is better.
        around: Look around the solution, and the baselines' plans, with the predictor of whole
            plans; never with ``exact``.
        evaluations: Plans to judge there at most; None for the usual number.
        seconds: Time limit of a proof (20 by default) or of each search (none by default); where
            it decides, the solution says so.
        verify: Then measure so many plans and take the one that loses least.
        rule: The plan of this baseline instead.
    """

    exact: bool = False
    around: bool = True
    evaluations: int | None = None
    seconds: float | None = None
    verify: int = 0
    rule: str | None = None

    def __post_init__(self) -> None:
        seconds_from(self.seconds)
        if self.evaluations is not None:
            EVALUATED_PLANS.checked(self.evaluations)


def solve_goal(
    study: StudyFolder,
    goal: Goal,
    progress: Progress,
    runtime: str = "",
    effort: Effort | None = None,
    name: str = "solved",
    bench_of: "Callable[[], Workbench] | None" = None,
) -> SolvedPlan:
    """Return the plan of least damage within ``goal``, and what other recoveries come to.

    Args:
        study: With measurements.
        goal: Budgets, and what may be changed.
        progress: Told of each plan that is measured.
        runtime: Latency table to use, such as ``onnx``; the first by default.
        effort: How hard to look; None for the usual search.
        name: Of the plan.
        bench_of: Gives the study's workbench where one is needed; by its reference without.

    Raises:
        CannotReach: No plan keeps the budgets.
        Cancelled: Somebody asked to stop while plans were measured; those stay.
    """
    effort = effort or Effort()
    if goal.side_limits and (effort.verify or effort.rule is not None):
        raise BadValue(
            "Expected limits on classes and other metrics without a baseline and without plans to "
            f"measure, but got {goal.side_limits[0].request()} with one of them. Solve and save "
            "the plan, then verify it."
        )
    require_runtime(study, goal, runtime)
    known = StudyKnowledge.of(study)
    posed = known.pose(goal, runtime)
    solution: Solution | None = None
    tried: tuple[MeasuredBest, ...] = ()
    if effort.rule is not None:
        plan = _baseline(study, posed, effort.rule, name, bench_of)
    else:
        posed, solution = _solved(study, posed, effort, name)
        if effort.verify and effort.around and not effort.exact:
            scores = every_level(study.folder, study.manifest, removes_units(posed.solver.problem))
            measure = measuring(study, name, effort.verify, progress, bench_of)
            solution, tried = improve_by_measuring(
                posed, replace(solve_posed(posed, name=name), notes=solution.notes), measure,
                effort.verify, scores, evaluations=effort.evaluations,
                seconds=effort.seconds,
            )  # fmt: skip
        plan = solution.plan
    request = replace(
        request_of(goal, runtime, words_of(study.manifest)),
        exact=effort.exact,
        around=effort.around,
        rule=effort.rule,
    )
    recoveries = _other_recoveries(known, goal, runtime, effort, name)
    if tried:  # these are verified now
        known = known.with_verified()
        posed = replace(posed, measured=known.measured)
    own = outcome(
        study.manifest, posed.curves, goal.recovery, lambda: plan, posed.predicted,
        known.measured.score,
    )  # fmt: skip
    return SolvedPlan(
        plan, posed, posed.predicted(plan), solution, tried, (own, *recoveries), request,
        study.folder,
    )  # fmt: skip


def _solved(
    study: StudyFolder, posed: PosedGoal, effort: Effort, name: str
) -> tuple[PosedGoal, Solution]:
    """The best plan without measuring any, by the score where KL misleads."""

    def answer(asked: PosedGoal) -> Solution:
        solution = solve_posed(
            asked, name=name, seconds=(effort.seconds or TIME) if effort.exact else None
        )
        if effort.exact or not effort.around or asked.solver.problem.goal.side_limits:
            return solution  # a search does not look at these
        scores = every_level(study.folder, study.manifest, removes_units(asked.solver.problem))
        return improve(
            asked, solution, scores, evaluations=effort.evaluations, seconds=effort.seconds
        )[0]

    return better_by_score(posed, answer(posed), answer)


def _other_recoveries(
    known: StudyKnowledge, goal: Goal, runtime: str, effort: Effort, name: str
) -> tuple[RecoveryOutcome, ...]:
    """What the same goal comes to with every other recovery that the study holds curves of."""
    study, found = known.study, []
    usual = replace(effort, exact=False, verify=0, rule=None)
    for recovery in measured_recoveries(known.curves):
        if recovery == goal.recovery:
            continue
        other = replace(goal, recovery=recovery)

        def solve(other: Goal = other) -> Plan:
            return _solved(study, known.pose(other, runtime), usual, name)[1].plan

        found.append(
            outcome(
                study.manifest, known.curves, recovery, solve, known.predicted,
                known.measured.score,
            )
        )  # fmt: skip
    return tuple(found)


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
            bench = (
                bench_of()
                if bench_of
                else prepare(require_vouched(reference, study.folder), study.folder)
            )
            store_quantiles(bench, study)
            known = levels(study.folder, study.manifest, score, grouped)
    found = baseline(rule, posed.solver.problem, known)
    return replace(found, name=rule if name == "solved" else name)
