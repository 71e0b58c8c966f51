"""Turn a study folder and a goal into a problem that a solver takes, and solve it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from prunescope.arrays import Floats
from prunescope.commands import next_steps
from prunescope.curves.curve import Curves, curves
from prunescope.errors import BadValue
from prunescope.latency.plan_memory import peak_memory
from prunescope.latency.runtimes.registry import runtime, runtime_titled
from prunescope.latency.table.predict_time import LatencyTable, predict_many, tables
from prunescope.planning.accepted_drop import solve_within_drop
from prunescope.planning.measured_plans import MeasuredPlans
from prunescope.planning.prediction import LogitOperators, Record
from prunescope.planning.prediction.predict import Prediction, predict
from prunescope.planning.solve import (
    Goal,
    Solution,
    Solver,
    build_problem,
    make_solver,
    solve_quickly,
    solve_with_proof,
)
from prunescope.planning.solve.problem import BlackBox
from prunescope.store.folder import StudyFolder
from prunescope.study import Grid, Manifest, is_control
from prunescope.study.method import UNITS
from prunescope.study.plan import Plan
from prunescope.text.scores import words_of

Predicted = Callable[[Plan], Prediction]


@dataclass(frozen=True)
class PosedGoal:
    """A goal over a study, ready to be solved.

    Attributes:
        solver: The solver.
        curves: The study's curves.
        predicted: From a plan to its prediction.
        operators: The study's logits, for judging many plans.
        by_drop: Poses the same goal with the drop of the score as what is minimised; None where
            that is not to be had.
        measured: The study's verified plans, which count with what was measured of them.
        by_metric: ``predicted`` by the metrics that the goal limits beside the drawn one.
    """

    solver: Solver
    curves: Curves
    predicted: Predicted
    operators: LogitOperators | None = None
    by_drop: "Callable[[], PosedGoal] | None" = None
    measured: MeasuredPlans = field(default_factory=MeasuredPlans, repr=False)
    by_metric: Mapping[str, Predicted] = field(default_factory=dict, repr=False)

    def drop_of(self, plan: Plan) -> float | None:
        """Return the measured drop of ``plan``, else the predicted one; None without either."""
        measured = self.measured(plan)
        return self.predicted(plan).drop if measured is None else measured.drop.mean

    def how_judged(self, plan: Plan) -> str:
        """Return how a search knows the objective of ``plan``, as a part of a sentence."""
        if self.measured(plan) is not None:
            return "measured of the whole plan"
        if any(True for _ in self.measured.with_recovery(plan.recovery)):
            return "predicted of the whole plan, from verified plans near it too"
        return "predicted of the whole plan"


def pose(study: StudyFolder, goal: Goal, setting: str = "") -> PosedGoal:
    """Return ``goal`` over what ``study`` holds now."""
    return StudyKnowledge.of(study).pose(goal, setting)


@dataclass(frozen=True)
class StudyKnowledge:
    """What a study holds, read once for several goals.

    Attributes:
        study: The study.
        curves: Its curves.
        operators: Its logits.
        predicted: From a plan to its prediction.
        measured: Its verified plans.
    """

    study: StudyFolder
    curves: Curves
    operators: LogitOperators
    predicted: Predicted
    measured: MeasuredPlans

    @classmethod
    def of(cls, study: StudyFolder) -> "StudyKnowledge":
        """Return what ``study`` holds now."""
        known = curves(study.measured(), study.manifest)
        operators = LogitOperators(study.manifest, study.logits)
        verified = study.verified()
        record = Record.of(study.manifest, known, verified, operators)
        predicted = predictor(study.manifest, known, record, operators)
        return cls(
            study, known, operators, predicted, MeasuredPlans(verified, study.manifest.scale)
        )

    def with_verified(self) -> "StudyKnowledge":
        """Return it with the plans that the study holds as verified by now."""
        return replace(
            self, measured=MeasuredPlans(self.study.verified(), self.study.manifest.scale)
        )

    def pose(self, goal: Goal, setting: str = "") -> PosedGoal:
        """Return ``goal`` over what is known.

        Args:
            goal: Targets, objective, locks and bounds.
            setting: Part of the name of the latency table to use, such as ``ONNX``; the first
                table when empty.

        Raises:
            PrunescopeError: As ``build_problem``; no such latency table.
        """
        study, by_drop = self.study, replace(goal, objective="drop")
        ready = make_solver(
            build_problem(study.manifest, self.curves, goal, nonlinear_costs(study, goal, setting))
        )
        return PosedGoal(
            ready, self.curves, self.predicted, self.operators,
            None if goal.objective == "drop" else lambda: self.pose(by_drop, setting),
            self.measured,
            {limit.name: StudyKnowledge.of(study.drawn_by(limit.name)).predicted
             for limit in goal.metric_limits},
        )  # fmt: skip


def require_runtime(study: StudyFolder, goal: Goal, setting: str) -> None:
    """Raise ``BadValue`` where ``setting`` names no latency table, or nothing asks for one.

    Args:
        study: With its latency tables.
        goal: Whose targets and objective may be latencies.
        setting: As for ``pose``; nothing is checked of an empty one.
    """
    if not setting:
        return
    latency_tables = tables(study.folder, study.manifest)
    if latency_tables:
        find_table(latency_tables, setting)
    else:
        runtime(setting)
    if "latency" not in {target.kind for target in goal.targets} | {goal.objective}:
        raise BadValue(
            f"Expected a runtime where a latency is asked for, but got {setting!r} without one. "
            "Add a target on latency, or leave the runtime out."
        )


def predictor(
    manifest: Manifest, study_curves: Curves, record: Record, operators: LogitOperators | None
) -> Predicted:
    """Return the function that predicts a plan by the active predictor."""
    return lambda plan: predict(manifest, plan, study_curves, record, operators)


def nonlinear_costs(study: StudyFolder, goal: Goal, setting: str = "") -> dict[str, BlackBox]:
    """Return the goal's costs that are no polynomials of units removed: latency and memory."""
    kinds = {target.kind for target in goal.targets} | {goal.objective}
    functions: dict[str, BlackBox] = {}
    if "latency" in kinds:
        latency_tables = tables(study.folder, study.manifest)
        if latency_tables:
            functions["latency"] = latency_cost(study.manifest, find_table(latency_tables, setting))
    if "memory" in kinds and study.manifest.graph is not None:
        functions["memory"] = memory_cost(study.manifest)
    return functions


def find_table(latency_tables: tuple[LatencyTable, ...], setting: str) -> LatencyTable:
    """Return the first table of the runtime called ``setting``, or whose setting contains it.

    Upper and lower case are the same; nothing means the first table.
    """
    for table in latency_tables:
        known = runtime_titled(table.setting.runtime)
        if known is not None and known.name.lower() == setting.lower():
            return table
    for table in latency_tables:
        if setting.lower() in str(table.setting).lower():
            return table
    raise BadValue(
        f"Expected a latency table of {setting!r}, but this study has: "
        f"{'; '.join(str(table.setting) for table in latency_tables)}. Name one of them, or "
        f"measure another: {next_steps.time_network()}."
    )


def latency_cost(manifest: Manifest, table: LatencyTable) -> BlackBox:
    """Return predicted seconds as a function of units removed, ``(plans, groups)``."""

    def seconds(removed: Floats) -> Floats:
        return predict_many(manifest, table, removed) * table.dense_seconds

    return seconds


def memory_cost(manifest: Manifest) -> BlackBox:
    """Return bytes of weights and peak activations of one sample, as a function of units."""
    names = [group.name for group in manifest.groups]

    def bytes_needed(removed: Floats) -> Floats:
        plans = [dict(zip(names, map(int, row), strict=True)) for row in removed]
        return np.array([float(peak_memory(manifest, plan).total) for plan in plans])

    return bytes_needed


def solve_posed(
    posed: PosedGoal,
    overrides: Mapping[str, float] | None = None,
    name: str = "solved",
    seconds: float | None = None,
) -> Solution:
    """Return the solution of a posed goal; a target on the drop limits the predicted drop.

    Args:
        posed: The goal over its study.
        overrides: Target kind → limit in place of the goal's.
        name: Of the plan.
        seconds: Solve exactly within so many seconds; None for the quick solver.

    Raises:
        CannotReach: No plan keeps the targets.
    """

    def solve(limits: Mapping[str, float]) -> Solution:
        if seconds is None:
            return solve_quickly(posed.solver, limits, name)
        return solve_with_proof(posed.solver, limits, name, seconds)

    goal, words = posed.solver.problem.goal, words_of(posed.solver.problem.manifest)
    solution = solve_within_drop(goal, solve, posed.predicted, overrides, words, posed.by_metric)
    return replace(
        solution,
        plan=solution.plan.as_solved(),
        alternatives=tuple(plan.as_solved() for plan in solution.alternatives),
    )


def missing_grid(posed: PosedGoal) -> tuple[Grid, ...]:
    """Return the grids of measurements without which the solver cannot prune some subjects."""
    problem = posed.solver.problem
    grids = []
    for granularity in dict.fromkeys(
        missing_point.granularity for missing_point in problem.missing
    ):
        names = tuple(
            missing_point.subject
            for missing_point in problem.missing
            if missing_point.granularity == granularity
        )
        keys = [
            key for key in posed.curves
            if key.recovery == problem.goal.recovery and not is_control(key.method.criterion)
            and (key.method.granularity == granularity or
                 (granularity == "weight" and key.method.granularity not in UNITS))
        ]  # fmt: skip
        methods = tuple(dict.fromkeys(key.method for key in keys))
        values = {point.sparsity for key in keys for point in posed.curves[key].points}
        grids.append(Grid(methods, tuple(values), names, (problem.goal.recovery,)))
    return tuple(grids)
