"""What pages read of studies on the disk, each form kept until its files change."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from prunescope.curves.curve import Curve, CurveKey, curves
from prunescope.curves.means import measured_points
from prunescope.curves.seeds import mean_curves, over_seeds
from prunescope.dashboard.shared.newest import Newest
from prunescope.dashboard.shared.study_stamps import drawn_key, folder_stamp, signature
from prunescope.export.delivered import Delivered, exported_files
from prunescope.latency.table.predict_time import LatencyTable, tables
from prunescope.planning.measured_plans import MeasuredPlans
from prunescope.store.folder import MANIFEST, StudyFolder, find_studies
from prunescope.store.largest_sparsities import LargestSparsity
from prunescope.store.plan_answers import PlanAnswers
from prunescope.store.predicted_points import PredictedPoint
from prunescope.store.score_quantiles import Levels, levels
from prunescope.store.study_names import hidden
from prunescope.store.unit_scores import UnitScores

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
        self.latency: Newest[tuple[LatencyTable, ...]] = Newest()
        self.scores: Newest[tuple[Levels, Levels]] = Newest()
        self.files: Newest[tuple[Delivered, ...]] = Newest()
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
    return _newest(of.folder, drawn_key(of)).measured.get(
        lambda: folder_stamp(of.measurements.folder), lambda _: _measured(of)
    )


def screened(of: StudyFolder) -> pd.DataFrame:
    """Return the screened points of a study as they are now."""
    return _newest(of.folder, drawn_key(of)).screened.get(
        lambda: folder_stamp(of.screening.folder), lambda _: of.screened()
    )


def largest(of: StudyFolder) -> tuple[LargestSparsity, ...]:
    """Return the largest sparsities within limits that searches found, as they are now."""
    return _newest(of.folder, drawn_key(of)).largest.get(
        lambda: folder_stamp(of.largest.folder), lambda _: of.largest_sparsities()
    )


def predictions(of: StudyFolder) -> tuple[PredictedPoint, ...]:
    """Return what first looks predict of a study, as it is now."""
    return _newest(of.folder, drawn_key(of)).predicted.get(
        lambda: folder_stamp(of.predicted.folder), lambda _: of.predictions()
    )


def verified(of: StudyFolder) -> pd.DataFrame:
    """Return the measured plans of a study as they are now."""
    return _newest(of.folder, drawn_key(of)).verified.get(
        lambda: folder_stamp(of.verifications.folder),
        lambda _: of.verified(),
    )


def measured_plans(of: StudyFolder) -> MeasuredPlans:
    """Return what the verified plans of a study really did, as they are now."""
    return MeasuredPlans(verified(of))


def exported(of: StudyFolder) -> tuple[Delivered, ...]:
    """Return the verified files of a study's saved plans as they are now."""
    kinds = ("plans/*.json", "exports/*/*.json", "recovered/*/result.json")
    return _newest(of.folder, drawn_key(of)).files.get(
        lambda: tuple(
            (str(path), path.stat().st_mtime_ns)
            for kind in kinds for path in sorted(of.folder.glob(kind))
        ),
        lambda _: exported_files(of),
    )  # fmt: skip


def superseded(of: StudyFolder) -> str | None:
    """Return what an earlier engine measured otherwise and is set aside, in a sentence."""
    return _newest(of.folder, drawn_key(of)).superseded.get(
        lambda: signature(of), lambda _: of.superseded()
    )


def latency(of: StudyFolder) -> tuple[LatencyTable, ...]:
    """Return the latency tables of a study as they are now, their models fitted once."""
    return _newest(of.folder, drawn_key(of)).latency.get(
        lambda: folder_stamp(of.folder / "latency"),
        lambda _: tables(of.folder, of.manifest),
    )


def score_levels(of: StudyFolder, grouped: bool) -> Levels:
    """Return |w| of every layer, or the L1 norms of every group's units, at equal shares."""
    return _newest(of.folder, of.manifest.fingerprint).scores.get(
        lambda: folder_stamp(of.folder / "quantiles"),
        lambda _: (
            levels(of.folder, of.manifest, "magnitude", False),
            levels(of.folder, of.manifest, "magnitude", True),
        ),
    )[grouped]


def answers(of: StudyFolder, digest: str) -> PlanAnswers | None:
    """Return what the measured plan answers to every validation sample; of several plans kept."""
    return _answers(of.folder, drawn_key(of), digest).get(
        lambda: folder_stamp(of.answers.folder), lambda _: of.answered_samples(digest)
    )


def unit_scores(of: StudyFolder) -> Mapping[tuple[str, str, int], UnitScores]:
    """Return (group, criterion, seed) → its units' scores, where a measured plan used them."""
    return _newest(of.folder, of.manifest.fingerprint).units.get(
        lambda: folder_stamp(of.unit_scores.folder),
        lambda _: {row.named: row for row in of.scored_units()},
    )


@st.cache_resource(max_entries=12, show_spinner=False)
def _answers(folder: Path, key: str, digest: str) -> Newest[PlanAnswers | None]:
    del folder, key, digest
    return Newest()


@st.cache_resource(max_entries=32, show_spinner=False)
def _study(folder: Path, changed: int) -> StudyFolder:
    del changed  # part of the cache's key only
    return StudyFolder.open(folder)


@st.cache_resource(max_entries=8, show_spinner=False)
def _newest(folder: Path, fingerprint: str) -> _NewestOfStudy:
    del folder, fingerprint
    return _NewestOfStudy()


def _measured(of: StudyFolder) -> StudyMeasurements:
    frame = of.measured()
    found = curves(frame, of.manifest)
    points = over_seeds(measured_points(frame, of.manifest.scale))
    return StudyMeasurements(frame, points, found, mean_curves(found))
