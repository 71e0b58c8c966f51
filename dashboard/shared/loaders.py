"""Everything that the pages read from the disk: the only cached functions."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from prunescope.curves.curve import Curve, CurveKey, curves
from prunescope.curves.means import measured_points
from prunescope.curves.seeds import mean_curves, over_seeds
from prunescope.dashboard.shared.goal_form import GoalForm
from prunescope.dashboard.tables.front import Share, Shown, share_of, shown
from prunescope.errors import PrunescopeError
from prunescope.jobs import ACTIVE, Job, jobs
from prunescope.latency.table.predict_time import LatencyTable, predict_many, tables
from prunescope.planning.measured_plans import MeasuredPlans
from prunescope.planning.pareto import load_front
from prunescope.planning.pose_goal import (
    Predicted,
    find_table,
    memory_cost,
    nonlinear_costs,
    predictor,
)
from prunescope.planning.prediction import LogitOperators, Record
from prunescope.planning.preview import preview
from prunescope.planning.solve import Solver, build_problem, make_solver
from prunescope.store.folder import MANIFEST, StudyFolder, find_studies
from prunescope.study.plan import Plan

JOBS = "jobs"


@dataclass(frozen=True)
class StudyMeasurements:
    """A study's measurements in the four forms that pages want; shared, so never modified.

    Attributes:
        frame: Rows as stored.
        points: Means and intervals, one row per point, its seeds together.
        curves: By subject, method, recovery and seed: a plan has one seed.
        means: The curves with the seeds of a random criterion together.
    """

    frame: pd.DataFrame
    points: pd.DataFrame
    curves: Mapping[CurveKey, Curve]
    means: Mapping[CurveKey, Curve]


def catalogue(folder: Path) -> tuple[Path, ...]:
    """Return the studies in ``folder``, those included that a job is still about to make."""
    found = set(find_studies(folder))
    if folder not in found:
        found.update(path.parent for path in folder.glob(f"*/{JOBS}") if path.is_dir())
    return tuple(sorted(found))


def study(folder: Path) -> StudyFolder | None:
    """Return the study in ``folder``, or None while its first job has not written it yet."""
    path = folder / MANIFEST
    if not path.is_file():
        return None
    return _study(folder, path.stat().st_mtime_ns)


def measured(of: StudyFolder) -> StudyMeasurements:
    """Return the measurements of a study as they are now."""
    return _measured(of, of.folder, of.manifest.fingerprint, _signature(of.measurements.folder))


def screened(of: StudyFolder) -> pd.DataFrame:
    """Return the screened points of a study as they are now."""
    return _screened(of, of.folder, of.manifest.fingerprint, _signature(of.screening.folder))


def verified(of: StudyFolder) -> pd.DataFrame:
    """Return the measured plans of a study as they are now."""
    return _verified(of, of.folder, of.manifest.fingerprint, _signature(of.verifications.folder))


def measured_plans(of: StudyFolder) -> MeasuredPlans:
    """Return what the verified plans of a study really did, as they are now."""
    return MeasuredPlans(verified(of))


def superseded(of: StudyFolder) -> str | None:
    """Return what an earlier engine measured otherwise and is set aside, in a sentence."""
    signed = _signature(of.measurements.folder) ^ _signature(of.verifications.folder)
    return _superseded(of, of.folder, of.manifest.fingerprint, signed)


def record(of: StudyFolder) -> Record:
    """Return what every predictor would have said of the measured plans of a study."""
    return _record(
        of, of.folder, of.manifest.fingerprint, _signature(of.measurements.folder),
        _signature(of.verifications.folder) ^ _signature(of.logits.folder),
    )  # fmt: skip


def operators(of: StudyFolder) -> LogitOperators:
    """Return the logits of a study's measured points as they are now, prepared for prediction.

    What was made of points that did not change is kept.
    """
    return _cells(of, of.folder, of.manifest.fingerprint, _signature(of.logits.folder))


def latency(of: StudyFolder) -> tuple[LatencyTable, ...]:
    """Return the latency tables of a study as they are now, their models fitted once."""
    return _latency(of, of.folder, of.manifest.fingerprint, _signature(of.folder / "latency"))


def predicted(of: StudyFolder) -> Predicted:
    """Return the function that predicts a plan from what the study knows now."""
    return predictor(of.manifest, measured(of).curves, record(of), operators(of))


def ready(of: StudyFolder, asked: GoalForm) -> Solver:
    """Return what is asked, prepared to be solved for any limits."""
    signed = _signature(of.measurements.folder) ^ _signature(of.folder / "latency")
    return _ready(of, asked, of.folder, of.manifest.fingerprint, signed, asked.key())


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
    places = [of.folder / "fronts" / f"{kind}-{recovery}.json"]
    places += [of.folder / "plans" / f"{name}.json" for name in of.plans()]
    stamps = tuple(path.stat().st_mtime_ns for path in places if path.exists())
    return _trade_off(
        of, of.folder, of.manifest.fingerprint, kind, recovery, setting,
        hash((signature(of), _signature(of.logits.folder), _signature(of.folder / "latency"))),
        stamps,
    )  # fmt: skip


def signature(of: StudyFolder) -> tuple[int, int]:
    """Return numbers that change when measurements or verifications are added; 0 while none is."""
    return _signature(of.measurements.folder), _signature(of.verifications.folder)


def any_measured(of: StudyFolder) -> bool:
    """Return whether the study holds any measurement."""
    return _signature(of.measurements.folder) != 0


def jobs_of(folder: Path) -> tuple[Job, ...]:
    """Return the jobs of a study's folder, newest first."""
    return jobs(folder)


def running(folder: Path) -> Job | None:
    """Return the oldest job that is at work or waits, if any."""
    found = active(folder)
    return found[-1] if found else None


def active(folder: Path) -> tuple[Job, ...]:
    """Return the jobs that are at work or wait, newest first."""
    return tuple(job for job in jobs(folder) if job.state() in ACTIVE)


@st.cache_resource(max_entries=32, show_spinner=False)
def _study(folder: Path, changed: int) -> StudyFolder:
    del changed  # part of the cache's key only
    return StudyFolder.open(folder)


@st.cache_resource(max_entries=8, show_spinner=False)
def _measured(
    _of: StudyFolder, folder: Path, fingerprint: str, signature: int
) -> StudyMeasurements:
    del folder, fingerprint, signature
    frame = _of.measured()
    found = curves(frame, _of.manifest)
    points = over_seeds(measured_points(frame, _of.manifest.scale))
    return StudyMeasurements(frame, points, found, mean_curves(found))


@st.cache_resource(max_entries=8, show_spinner=False)
def _screened(_of: StudyFolder, folder: Path, fingerprint: str, signature: int) -> pd.DataFrame:
    del folder, fingerprint, signature
    return _of.screened()


@st.cache_resource(max_entries=8, show_spinner=False)
def _verified(_of: StudyFolder, folder: Path, fingerprint: str, signature: int) -> pd.DataFrame:
    del folder, fingerprint, signature
    return _of.verified()


@st.cache_resource(max_entries=8, show_spinner=False)
def _superseded(_of: StudyFolder, folder: Path, fingerprint: str, signature: int) -> str | None:
    del folder, fingerprint, signature
    return _of.superseded()


@st.cache_resource(max_entries=8, show_spinner=False)
def _record(_of: StudyFolder, folder: Path, fingerprint: str, points: int, plans: int) -> Record:
    del folder, fingerprint, points, plans
    return Record.of(_of.manifest, measured(_of).curves, verified(_of), operators(_of))


@st.cache_resource(max_entries=4, show_spinner=False)
def _cells(_of: StudyFolder, folder: Path, fingerprint: str, signature: int) -> LogitOperators:
    del signature
    latest = _latest_cells(folder, fingerprint)
    latest["operators"] = LogitOperators(_of.manifest, _of.logits, latest.get("operators"))
    return latest["operators"]


@st.cache_resource(max_entries=4, show_spinner=False)
def _latest_cells(folder: Path, fingerprint: str) -> dict[str, LogitOperators]:
    """Where the next ``LogitOperators`` of a study find what the ones before have made."""
    del folder, fingerprint
    return {}


@st.cache_resource(max_entries=8, show_spinner=False)
def _latency(
    _of: StudyFolder, folder: Path, fingerprint: str, signature: int
) -> tuple[LatencyTable, ...]:
    del folder, fingerprint, signature
    return tables(_of.folder, _of.manifest)


@st.cache_resource(max_entries=16, show_spinner=False)
def _ready(
    _of: StudyFolder, _asked: GoalForm, folder: Path, fingerprint: str, signature: int, key: str
) -> Solver:
    del folder, fingerprint, signature, key
    goal = _asked.goal()
    known = measured(_of).curves
    return make_solver(
        build_problem(_of.manifest, known, goal, nonlinear_costs(_of, goal, _asked.setting))
    )


@st.cache_resource(max_entries=8, show_spinner=False)
def _trade_off(
    _of: StudyFolder, folder: Path, fingerprint: str, kind: str, recovery: str, setting: str,
    signature: int, stamps: tuple[int, ...],
) -> Shown:  # fmt: skip
    del folder, signature, stamps
    return shown(
        _of.manifest, measured(_of).curves, load_front(_of.folder, kind, recovery, fingerprint),
        verified(_of), list(_saved(_of)), share(_of, kind, setting), predicted(_of),
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


def _signature(folder: Path) -> int:
    """Files never change once written, so their names are enough; 0 without any."""
    names = sorted(path.name for path in folder.glob("*.parquet"))
    return hash(tuple(names)) if names else 0
