"""Run a sweep: only what is missing, stored point by point, stoppable at any moment."""

from dataclasses import dataclass

from analysis.errors import CannotPrune
from analysis.progress import Progress
from analysis.store.folder import Study
from analysis.study import Grid
from analysis.sweep.laws import require_laws
from analysis.sweep.naive import measure
from analysis.sweep.points import Point, missing, points
from analysis.workbench import Workbench


@dataclass(frozen=True)
class SweepReport:
    """What a sweep did.

    Attributes:
        wanted: Points of the grid.
        measured: Points measured now; the others were stored already or are still missing.
        missing: Points not measured because the run was cancelled.
        refused: Points that cannot be had, each with the reason.
        damaged: Files that were set aside, to be looked at by hand.
    """

    wanted: int
    measured: int
    missing: int
    refused: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()


def sweep(bench: Workbench, study: Study, grid: Grid, progress: Progress) -> SweepReport:
    """Measure what ``grid`` asks for and ``study`` lacks, and store each point when it is done.

    Raises:
        ForeignStudy: The study is about another model, data or metric.
        StorageFailure: The disk refuses; what was stored before stays.
    """
    study.require(bench.manifest)
    names = {group.name for group in study.manifest.groups}
    asked = {point.subject for point in points(grid, study.manifest) if _on_units(point)} & names
    study = require_laws(bench, study, asked)
    wanted = points(grid, study.manifest)
    todo = missing(wanted, study.measured(), study.manifest)
    progress.start(len(todo), "measuring")
    done = 0
    refused = []
    for point, measurement in measure(bench, todo):
        said = f"{point.subject} {point.method} {point.sparsity:g}"
        if isinstance(measurement, CannotPrune):
            refused.append(f"{said}: {measurement}")
        else:
            study.measurements.append([measurement])
            done += 1
        progress.advance(1, said)
        if progress.cancelled():
            break
    study.measurements.compact()
    damaged = tuple(path.name for path in study.measurements.damaged())
    left = len(todo) - done - len(refused)
    return SweepReport(len(wanted), done, left, tuple(refused), damaged)


def _on_units(point: Point) -> bool:
    return point.method.granularity in ("channel", "head")
