"""Everything that the pages read from the disk: the only cached functions."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from analysis.curves import Curve, CurveKey, curves, measured_points
from analysis.jobs import ACTIVE, Job, jobs
from analysis.latency.table import LatencyTable, tables
from analysis.planning.predictors import Cells, Record
from analysis.seeds import mean_curves, over_seeds
from analysis.store.folder import MANIFEST, Study, find_studies

JOBS = "jobs"


@dataclass(frozen=True)
class Measured:
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


def study(folder: Path) -> Study | None:
    """Return the study in ``folder``, or None while its first job has not written it yet."""
    path = folder / MANIFEST
    if not path.is_file():
        return None
    return _study(folder, path.stat().st_mtime_ns)


def measured(of: Study) -> Measured:
    """Return the measurements of a study as they are now."""
    return _measured(of, of.folder, of.manifest.fingerprint, _signature(of.measurements.folder))


def screened(of: Study) -> pd.DataFrame:
    """Return the screened points of a study as they are now."""
    return _screened(of, of.folder, of.manifest.fingerprint, _signature(of.screening.folder))


def verified(of: Study) -> pd.DataFrame:
    """Return the measured plans of a study as they are now."""
    return _verified(of, of.folder, of.manifest.fingerprint, _signature(of.verifications.folder))


def record(of: Study) -> Record:
    """Return what every predictor would have said of the measured plans of a study."""
    return _record(
        of, of.folder, of.manifest.fingerprint, _signature(of.measurements.folder),
        _signature(of.verifications.folder) ^ _signature(of.logits.folder),
    )  # fmt: skip


def cells(of: Study) -> Cells:
    """Return the logits of a study's measured points as they are now, prepared for prediction."""
    return _cells(of, of.folder, of.manifest.fingerprint, _signature(of.logits.folder))


def latency(of: Study) -> tuple[LatencyTable, ...]:
    """Return the latency tables of a study as they are now, their models fitted once."""
    return _latency(of, of.folder, of.manifest.fingerprint, _signature(of.folder / "latency"))


def signature(of: Study) -> int:
    """Return a number that changes when measurements or verifications are added."""
    return hash((_signature(of.measurements.folder), _signature(of.verifications.folder)))


def jobs_of(folder: Path) -> tuple[Job, ...]:
    """Return the jobs of a study's folder, newest first."""
    return jobs(folder)


def running(folder: Path) -> Job | None:
    """Return the oldest job that is at work or waits, if any."""
    active = [job for job in jobs(folder) if job.state() in ACTIVE]
    return active[-1] if active else None


@st.cache_resource(max_entries=32, show_spinner=False)
def _study(folder: Path, changed: int) -> Study:
    del changed  # part of the cache's key only
    return Study.open(folder)


@st.cache_resource(max_entries=8, show_spinner=False)
def _measured(_of: Study, folder: Path, fingerprint: str, signature: int) -> Measured:
    del folder, fingerprint, signature
    frame = _of.measured()
    found = curves(frame, _of.manifest)
    return Measured(frame, over_seeds(measured_points(frame)), found, mean_curves(found))


@st.cache_resource(max_entries=8, show_spinner=False)
def _screened(_of: Study, folder: Path, fingerprint: str, signature: int) -> pd.DataFrame:
    del folder, fingerprint, signature
    return _of.screened()


@st.cache_resource(max_entries=8, show_spinner=False)
def _verified(_of: Study, folder: Path, fingerprint: str, signature: int) -> pd.DataFrame:
    del folder, fingerprint, signature
    return _of.verified()


@st.cache_resource(max_entries=8, show_spinner=False)
def _record(_of: Study, folder: Path, fingerprint: str, points: int, plans: int) -> Record:
    del folder, fingerprint, points, plans
    return Record.of(_of.manifest, measured(_of).curves, verified(_of), cells(_of))


@st.cache_resource(max_entries=4, show_spinner=False)
def _cells(_of: Study, folder: Path, fingerprint: str, signature: int) -> Cells:
    del folder, fingerprint, signature
    return Cells(_of.manifest, _of.logits)


@st.cache_resource(max_entries=8, show_spinner=False)
def _latency(
    _of: Study, folder: Path, fingerprint: str, signature: int
) -> tuple[LatencyTable, ...]:
    del fingerprint, signature
    return tables(folder, _of.manifest)


def _signature(folder: Path) -> int:
    """Files never change once written, so their names are enough."""
    return hash(tuple(sorted(path.name for path in folder.glob("*.parquet"))))
