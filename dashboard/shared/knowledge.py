"""What planning makes of a study's measurements: predictors, solvers, fronts and the overview."""

from collections.abc import Hashable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from prunescope.dashboard.shared.goal_form import GoalForm
from prunescope.dashboard.shared.loaders import latency, measured, measured_plans, verified
from prunescope.dashboard.shared.newest import Newest
from prunescope.dashboard.shared.study_stamps import drawn_key, folder_stamp, signature
from prunescope.dashboard.tables.front import Share, Shown, share_of, shown
from prunescope.dashboard.tables.plan import verified_table
from prunescope.errors import PrunescopeError
from prunescope.latency.table.predict_time import predict_many
from prunescope.planning.overview import Overview
from prunescope.planning.overview import overview as make_overview
from prunescope.planning.pareto import load_front
from prunescope.planning.pose_goal import (
    Predicted,
    StudyKnowledge,
    find_table,
    memory_cost,
    nonlinear_costs,
    predictor,
)
from prunescope.planning.prediction import LogitOperators, Record
from prunescope.planning.prediction.prediction import Prediction
from prunescope.planning.preview import preview
from prunescope.planning.solve import Solver, build_problem, make_solver
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Plan


class _NewestOfStudy:
    """What is made of one study's rows, each when first asked for."""

    def __init__(self) -> None:
        self.record: Newest[Record] = Newest()
        self.compared: Newest[pd.DataFrame] = Newest()
        self.operators: Newest[LogitOperators] = Newest()
        self.reference: Newest[Prediction] = Newest()


def record(of: StudyFolder) -> Record:
    """Return what every predictor would have said of the measured plans of a study."""
    return _newest(of.folder, drawn_key(of)).record.get(
        lambda: (signature(of), folder_stamp(of.logits.folder)),
        lambda _: Record.of(of.manifest, measured(of).curves, verified(of), operators(of)),
    )


def compared(of: StudyFolder) -> pd.DataFrame:
    """Return the measured plans of a study beside what is predicted of them now, as shown."""
    return _newest(of.folder, drawn_key(of)).compared.get(
        lambda: (signature(of), folder_stamp(of.logits.folder)),
        lambda _: verified_table(
            of.manifest, verified(of), measured(of).curves, record(of), operators(of)
        ),
    )


def operators(of: StudyFolder) -> LogitOperators:
    """Return the logits of a study's measured points as they are now, prepared for prediction.

    What was made of points that did not change is kept.
    """
    return _newest(of.folder, drawn_key(of)).operators.get(
        lambda: folder_stamp(of.logits.folder),
        lambda before: LogitOperators(of.manifest, of.logits, before),
    )


def predicted(of: StudyFolder) -> Predicted:
    """Return the function that predicts a plan from what the study knows now."""
    return predictor(of.manifest, measured(of).curves, record(of), operators(of))


def predicted_reference(of: StudyFolder, plan: Plan) -> Prediction:
    """Return what is expected of the plan that others are compared with, kept while it stands."""
    return _newest(of.folder, drawn_key(of)).reference.get(
        lambda: (signature(of), folder_stamp(of.logits.folder), plan.digest, plan.solved),
        lambda _: predicted(of)(plan),
    )


def study_knowledge(of: StudyFolder) -> StudyKnowledge:
    """Return what a study holds now, for several plans or goals."""
    return StudyKnowledge(of, measured(of).curves, operators(of), predicted(of), measured_plans(of))


def overview(of: StudyFolder, accepted: float) -> Overview:
    """Return what the study says so far in sentences, for an accepted drop."""
    return _overview(of.folder, of.manifest.fingerprint, accepted).get(
        lambda: (signature(of), folder_stamp(of.logits.folder)), lambda _: _told(of, accepted)
    )


def ready(of: StudyFolder, asked: GoalForm) -> Solver:
    """Return what is asked, prepared to be solved for any limits."""
    return _solver(of.folder, of.manifest.fingerprint, asked.key()).get(
        lambda: (folder_stamp(of.measurements.folder), folder_stamp(of.folder / "latency")),
        lambda _: _ready(of, asked),
    )  # fmt: skip


def share(of: StudyFolder, kind: str, setting: str = "") -> Share:
    """Return the function from a plan to its cost as a fraction of the dense network's.

    Args:
        of: The study.
        kind: The cost.
        setting: Of the latency table to use; empty for the first one.
    """
    return share_of(of.manifest, measured(of).curves, kind, _boxed(of, kind, setting))


def trade_off(of: StudyFolder, kind: str, recovery: str, setting: str = "") -> Shown:
    """Return the front over a cost with the study's measured and saved plans; see ``share``."""

    def stamp() -> Hashable:
        places = [of.folder / "fronts" / f"{kind}-{recovery}.json"]
        places += [of.folder / "plans" / f"{name}.json" for name in of.plans()]
        stamps = tuple(path.stat().st_mtime_ns for path in places if path.exists())
        logits, times = folder_stamp(of.logits.folder), folder_stamp(of.folder / "latency")
        return signature(of), logits, times, stamps

    return _front(of.folder, of.manifest.fingerprint, kind, recovery, setting).get(
        stamp, lambda _: _trade_off(of, kind, recovery, setting)
    )


@st.cache_resource(max_entries=8, show_spinner=False)
def _newest(folder: Path, fingerprint: str) -> _NewestOfStudy:
    del folder, fingerprint
    return _NewestOfStudy()


@st.cache_resource(max_entries=16, show_spinner=False)
def _solver(folder: Path, fingerprint: str, key: str) -> Newest[Solver]:
    del folder, fingerprint, key
    return Newest()


@st.cache_resource(max_entries=8, show_spinner=False)
def _front(folder: Path, fingerprint: str, kind: str, recovery: str, setting: str) -> Newest[Shown]:
    del folder, fingerprint, kind, recovery, setting
    return Newest()


@st.cache_resource(max_entries=16, show_spinner=False)
def _overview(folder: Path, fingerprint: str, accepted: float) -> Newest[Overview]:
    del folder, fingerprint, accepted
    return Newest()


def _told(of: StudyFolder, accepted: float) -> Overview:
    return make_overview(study_knowledge(of), accepted)


def _ready(of: StudyFolder, asked: GoalForm) -> Solver:
    goal = asked.goal()
    costs = nonlinear_costs(of, goal, asked.setting)
    return make_solver(build_problem(of.manifest, measured(of).curves, goal, costs))


def _trade_off(of: StudyFolder, kind: str, recovery: str, setting: str) -> Shown:
    front = load_front(of.folder, kind, recovery, of.manifest.fingerprint)
    return shown(
        of.manifest, measured(of).curves, front, verified(of), list(_saved(of)),
        share(of, kind, setting), predicted(of),
    )  # fmt: skip


def _saved(of: StudyFolder) -> Iterator[Plan]:
    for name in of.plans():
        try:
            yield of.plan(name)
        except PrunescopeError:  # another study's, or damaged; the Open menu says which
            continue


def _boxed(of: StudyFolder, kind: str, setting: str) -> Share | None:
    """The share of costs that no polynomial knows: latency by a table, and memory."""
    groups = [group.name for group in of.manifest.groups]

    def removed(plan: Plan) -> np.ndarray:
        units = preview(of.manifest, plan, measured(of).curves).units
        return np.array([[float(units.get(name, 0)) for name in groups]])

    if kind == "latency" and latency(of):
        table = find_table(latency(of), setting)
        return lambda plan: float(predict_many(of.manifest, table, removed(plan))[0])
    if kind == "memory" and of.manifest.graph is not None:
        box = memory_cost(of.manifest)
        dense = float(box(np.zeros((1, len(groups))))[0]) or 1.0
        return lambda plan: float(box(removed(plan))[0]) / dense
    return None
