"""Everything that the pages read from the disk: the only cached functions."""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from prunescope.curves.curve import Curve, CurveKey, curves
from prunescope.curves.means import measured_points
from prunescope.curves.seeds import mean_curves, over_seeds
from prunescope.dashboard.shared.goal_form import GoalForm
from prunescope.dashboard.shared.newest import Newest
from prunescope.dashboard.tables.front import Share, Shown, share_of, shown
from prunescope.dashboard.tables.plan import verified_table
from prunescope.errors import PrunescopeError
from prunescope.export.delivered import Delivered, exported_files
from prunescope.jobs import ACTIVE, Job, jobs
from prunescope.latency.table.predict_time import LatencyTable, predict_many, tables
from prunescope.planning.measured_plans import MeasuredPlans
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
from prunescope.store.folder import MANIFEST, StudyFolder, find_studies
from prunescope.store.largest_sparsities import LargestSparsity
from prunescope.store.plan_answers import PlanAnswers
from prunescope.store.predicted_points import PredictedPoint
from prunescope.store.score_quantiles import Levels, levels
from prunescope.store.study_names import hidden
from prunescope.store.unit_scores import UnitScores
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


class _NewestOfStudy:
    """What one study's files say now, each read when first asked for."""

    def __init__(self) -> None:
        self.measured: Newest[StudyMeasurements] = Newest()
        self.screened: Newest[pd.DataFrame] = Newest()
        self.largest: Newest[tuple[LargestSparsity, ...]] = Newest()
        self.predicted: Newest[tuple[PredictedPoint, ...]] = Newest()
        self.verified: Newest[pd.DataFrame] = Newest()
        self.superseded: Newest[str | None] = Newest()
        self.record: Newest[Record] = Newest()
        self.compared: Newest[pd.DataFrame] = Newest()
        self.operators: Newest[LogitOperators] = Newest()
        self.latency: Newest[tuple[LatencyTable, ...]] = Newest()
        self.scores: Newest[tuple[Levels, Levels]] = Newest()
        self.files: Newest[tuple[Delivered, ...]] = Newest()
        self.reference: Newest[Prediction] = Newest()
        self.answers: Newest[PlanAnswers | None] = Newest()
        self.units: Newest[dict[tuple[str, str, int], UnitScores]] = Newest()


def catalogue(folder: Path) -> tuple[Path, ...]:
    """Return the studies in ``folder``, those included that a job is still about to make."""
    found = set(find_studies(folder))
    if folder not in found:
        begun = (path.parent for path in folder.glob(f"*/{JOBS}") if path.is_dir())
        found.update(path for path in begun if not hidden(path))
    return tuple(sorted(found))


def study(folder: Path) -> StudyFolder | None:
    """Return the study in ``folder``, or None while its first job has not written it yet."""
    path = folder / MANIFEST
    if not path.is_file():
        return None
    return _study(folder, path.stat().st_mtime_ns)


def measured(of: StudyFolder) -> StudyMeasurements:
    """Return the measurements of a study as they are now."""
    return _newest(of.folder, _drawn(of)).measured.get(
        lambda: _signature(of.measurements.folder), lambda _: _measured(of)
    )


def screened(of: StudyFolder) -> pd.DataFrame:
    """Return the screened points of a study as they are now."""
    return _newest(of.folder, _drawn(of)).screened.get(
        lambda: _signature(of.screening.folder), lambda _: of.screened()
    )


def largest(of: StudyFolder) -> tuple[LargestSparsity, ...]:
    """Return the largest sparsities within limits that searches found, as they are now."""
    return _newest(of.folder, _drawn(of)).largest.get(
        lambda: _signature(of.largest.folder), lambda _: of.largest_sparsities()
    )


def predictions(of: StudyFolder) -> tuple[PredictedPoint, ...]:
    """Return what first looks predict of a study, as it is now."""
    return _newest(of.folder, _drawn(of)).predicted.get(
        lambda: _signature(of.predicted.folder), lambda _: of.predictions()
    )


def verified(of: StudyFolder) -> pd.DataFrame:
    """Return the measured plans of a study as they are now."""
    return _newest(of.folder, _drawn(of)).verified.get(
        lambda: _signature(of.verifications.folder),
        lambda _: of.verified(),
    )


def measured_plans(of: StudyFolder) -> MeasuredPlans:
    """Return what the verified plans of a study really did, as they are now."""
    return MeasuredPlans(verified(of))


def exported(of: StudyFolder) -> tuple[Delivered, ...]:
    """Return the verified files of a study's saved plans as they are now."""
    kinds = ("plans/*.json", "exports/*/*.json", "recovered/*/result.json")
    return _newest(of.folder, _drawn(of)).files.get(
        lambda: tuple(
            (str(path), path.stat().st_mtime_ns)
            for kind in kinds for path in sorted(of.folder.glob(kind))
        ),
        lambda _: exported_files(of),
    )  # fmt: skip


def superseded(of: StudyFolder) -> str | None:
    """Return what an earlier engine measured otherwise and is set aside, in a sentence."""
    return _newest(of.folder, _drawn(of)).superseded.get(
        lambda: signature(of), lambda _: of.superseded()
    )


def record(of: StudyFolder) -> Record:
    """Return what every predictor would have said of the measured plans of a study."""
    return _newest(of.folder, _drawn(of)).record.get(
        lambda: (signature(of), _signature(of.logits.folder)),
        lambda _: Record.of(of.manifest, measured(of).curves, verified(of), operators(of)),
    )


def compared(of: StudyFolder) -> pd.DataFrame:
    """Return the measured plans of a study beside what is predicted of them now, as shown."""
    return _newest(of.folder, _drawn(of)).compared.get(
        lambda: (signature(of), _signature(of.logits.folder)),
        lambda _: verified_table(
            of.manifest, verified(of), measured(of).curves, record(of), operators(of)
        ),
    )


def operators(of: StudyFolder) -> LogitOperators:
    """Return the logits of a study's measured points as they are now, prepared for prediction.

    What was made of points that did not change is kept.
    """
    return _newest(of.folder, _drawn(of)).operators.get(
        lambda: _signature(of.logits.folder),
        lambda before: LogitOperators(of.manifest, of.logits, before),
    )


def latency(of: StudyFolder) -> tuple[LatencyTable, ...]:
    """Return the latency tables of a study as they are now, their models fitted once."""
    return _newest(of.folder, _drawn(of)).latency.get(
        lambda: _signature(of.folder / "latency"),
        lambda _: tables(of.folder, of.manifest),
    )


def score_levels(of: StudyFolder, grouped: bool) -> Levels:
    """Return |w| of every layer, or the L1 norms of every group's units, at equal shares."""
    return _newest(of.folder, of.manifest.fingerprint).scores.get(
        lambda: _signature(of.folder / "quantiles"),
        lambda _: (
            levels(of.folder, of.manifest, "magnitude", False),
            levels(of.folder, of.manifest, "magnitude", True),
        ),
    )[grouped]


def answers(of: StudyFolder, digest: str) -> PlanAnswers | None:
    """Return what the measured plan answers to every validation sample, kept of the last one."""
    return _newest(of.folder, _drawn(of)).answers.get(
        lambda: (_signature(of.answers.folder), digest), lambda _: of.answered_samples(digest)
    )


def unit_scores(of: StudyFolder) -> Mapping[tuple[str, str, int], UnitScores]:
    """Return (group, criterion, seed) → its units' scores, where a measured plan used them."""
    return _newest(of.folder, of.manifest.fingerprint).units.get(
        lambda: _signature(of.unit_scores.folder),
        lambda _: {row.named: row for row in of.scored_units()},
    )


def predicted(of: StudyFolder) -> Predicted:
    """Return the function that predicts a plan from what the study knows now."""
    return predictor(of.manifest, measured(of).curves, record(of), operators(of))


def predicted_reference(of: StudyFolder, plan: Plan) -> Prediction:
    """Return what is expected of the plan that others are compared with, kept while it stands."""
    return _newest(of.folder, _drawn(of)).reference.get(
        lambda: (signature(of), _signature(of.logits.folder), plan.digest, plan.solved),
        lambda _: predicted(of)(plan),
    )


def knowledge(of: StudyFolder) -> StudyKnowledge:
    """Return what a study holds now, for several plans or goals."""
    return StudyKnowledge(of, measured(of).curves, operators(of), predicted(of), measured_plans(of))


def overview(of: StudyFolder, accepted: float) -> Overview:
    """Return what the study says so far in sentences, for an accepted drop."""
    return _overview(of.folder, of.manifest.fingerprint, accepted).get(
        lambda: (signature(of), _signature(of.logits.folder)), lambda _: _told(of, accepted)
    )


def ready(of: StudyFolder, asked: GoalForm) -> Solver:
    """Return what is asked, prepared to be solved for any limits."""
    return _solver(of.folder, of.manifest.fingerprint, asked.key()).get(
        lambda: (_signature(of.measurements.folder), _signature(of.folder / "latency")),
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
        logits, times = _signature(of.logits.folder), _signature(of.folder / "latency")
        return signature(of), logits, times, stamps

    return _front(of.folder, of.manifest.fingerprint, kind, recovery, setting).get(
        stamp, lambda _: _trade_off(of, kind, recovery, setting)
    )


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


def _drawn(of: StudyFolder) -> str:
    """What tells a study from others in its folder, and from itself drawn by another metric."""
    return of.manifest.fingerprint if of.drawn is None else f"{of.manifest.fingerprint} {of.drawn}"


def _told(of: StudyFolder, accepted: float) -> Overview:
    return make_overview(knowledge(of), accepted)


def _measured(of: StudyFolder) -> StudyMeasurements:
    frame = of.measured()
    found = curves(frame, of.manifest)
    points = over_seeds(measured_points(frame, of.manifest.scale))
    return StudyMeasurements(frame, points, found, mean_curves(found))


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


def _signature(folder: Path) -> int:
    """Files never change once written, so their names are enough; 0 without any."""
    names = sorted(path.name for path in folder.glob("*.parquet"))
    return hash(tuple(names)) if names else 0
