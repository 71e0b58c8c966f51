"""Turn a study folder and a goal into a problem that a solver takes, and solve it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from prunescope.arrays import Floats
from prunescope.commands import next_steps
from prunescope.curves.curve import CurveKey, Curves, curves
from prunescope.errors import BadValue
from prunescope.latency.plan_memory import peak_memory
from prunescope.latency.runtimes.registry import runtime, runtime_titled
from prunescope.latency.table.predict_time import LatencyTable, predict_many, tables
from prunescope.planning.accepted_drop import solve_within_drop
from prunescope.planning.edits import choice_at
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
from prunescope.study import Grid, Manifest, Method, check_names, is_control, sparsity
from prunescope.study.method import UNITS
from prunescope.study.plan import Choice, Plan

Predicted = Callable[[Plan], Prediction]


@dataclass(frozen=True)
class PosedGoal:
    """A goal over a study, ready to be solved.

    Attributes:
        solver: The solver.
        curves: The study's curves.
        predicted: From a plan to its prediction.
        operators: The study's logits, for judging many plans.
    """

    solver: Solver
    curves: Curves
    predicted: Predicted
    operators: LogitOperators | None = None


def pose(study: StudyFolder, goal: Goal, setting: str = "") -> PosedGoal:
    """Return ``goal`` over what ``study`` holds now.

    Args:
        study: With measurements.
        goal: Targets, objective, locks and bounds.
        setting: Part of the name of the latency table to use, such as ``ONNX``; the first table
            when empty.

    Raises:
        PrunescopeError: As ``build_problem``; no such latency table.
    """
    study_curves = curves(study.measured(), study.manifest)
    operators = LogitOperators(study.manifest, study.logits)
    record = Record.of(study.manifest, study_curves, study.verified(), operators)
    ready = make_solver(
        build_problem(study.manifest, study_curves, goal, nonlinear_costs(study, goal, setting))
    )
    return PosedGoal(
        ready, study_curves, predictor(study.manifest, study_curves, record, operators), operators
    )


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

    return solve_within_drop(posed.solver.problem.goal, solve, posed.predicted, overrides)


def locked_choices(plan: Plan) -> dict[str, Choice]:
    """Return the locked choices of a plan."""
    return {name: choice for name, choice in plan.choices.items() if choice.locked}


def parse_lock(
    text: str, manifest: Manifest, study_curves: Curves, recovery: str
) -> tuple[str, Choice]:
    """Return the lock that ``text`` names: ``conv1=0``, ``conv1=0.5`` or ``conv1=taylor:0.5``.

    Without a method it is ``choice_named``'s.

    Raises:
        BadValue: No such form, or no method to take.
    """
    name, sign, value = text.partition("=")
    if name and sign:
        layers = [layer.name for layer in manifest.prunable()]
        groups = [group.name for group in manifest.removable()]
        check_names("layer or group", [name], [*layers, *groups])
    method, colon, number_text = value.rpartition(":")
    if not sign or not name:
        raise BadValue(
            f"Expected a lock like conv1=0 or conv1=taylor:0.5, but got {text!r}. Write the layer "
            "or group, an equals sign and its sparsity."
        )
    given_method = Method.parse(method) if colon else None
    return name, choice_named(
        name, given_method, sparsity(number_text), manifest, study_curves, recovery, True
    )


def choice_named(
    name: str,
    method: Method | None,
    number: float,
    manifest: Manifest,
    study_curves: Curves,
    recovery: str,
    locked: bool = False,
) -> Choice:
    """Return the choice of sparsity ``number`` for the layer or group ``name``.

    Without a method, the first method measured on that subject is taken, weights before units.

    Raises:
        BadValue: No method to take.
    """
    if method is not None:
        return choice_at(manifest.named(method), number, locked)
    grouped = {group.name for group in manifest.removable()}
    keys = [key for key in study_curves if key.subject == name and key.recovery == recovery]
    if not keys and number > 0:
        raise BadValue(
            f"Expected a measured method for {name} at {number:g}, but it has none with recovery "
            f"{recovery}. Name one: {name}=magnitude:{number:g}."
        )
    layers = {layer.name for layer in manifest.prunable()}
    default_method = Method("magnitude", "weight" if name in layers else "channel")
    if name in grouped - layers:
        default_method = Method("l1", manifest.group(name).granularity)
    return choice_at(
        min(keys, key=_weights_first).method if keys else default_method, number, locked
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


def _weights_first(key: CurveKey) -> bool:
    return key.method.granularity in UNITS
