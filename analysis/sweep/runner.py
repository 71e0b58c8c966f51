"""Run a sweep: only what is missing, chunk by chunk, stored as it comes, stoppable any time."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from analysis.errors import CannotPrune
from analysis.evaluate import Outcome
from analysis.progress import Progress
from analysis.replay import choose_engine
from analysis.store.folder import Study
from analysis.store.logits import MOST_SAMPLES, Run
from analysis.store.measurements import KEY, Measurement
from analysis.store.tables import rows_of
from analysis.study import MEASUREMENT_VERSION, Grid, doubling
from analysis.sweep.engine import Engine, order
from analysis.sweep.laws import require_laws
from analysis.sweep.points import Point, points
from analysis.sweep.screen import screen_missing
from analysis.sweep.tally import measurement
from analysis.workbench import Workbench

_OFTEN: Final = 0.25
_SELDOM: Final = 2.0
_SHARE: Final = 20.0
"""Results are written once a write's cost is at most a twentieth of the time since the last one,
between a quarter of a second and two: so much work at most is lost to a kill."""


@dataclass(frozen=True)
class SweepReport:
    """What a sweep did.

    Attributes:
        wanted: Points of the grid.
        measured: Points measured to the end now; the others were stored already or are missing.
        missing: Points not measured to the end because the run was cancelled.
        refused: Points that cannot be had, each with the reason.
        damaged: Files that were set aside, to be looked at by hand.
    """

    wanted: int
    measured: int
    missing: int
    refused: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()


def sweep(
    bench: Workbench,
    study: Study,
    grid: Grid,
    progress: Progress,
    engine: Engine | None = None,
    screening: bool = False,
) -> SweepReport:
    """Measure what ``grid`` asks for and ``study`` lacks, all points a little further in turn.

    With ``screening``, a first pass without labels says how much each point changes its layer's
    outputs (``analysis.sweep.screen``).

    The sums equal those of ``naive.measure`` whatever the chunks, the interruptions and the
    engine: counts exactly, sums of reals to the last digits of float64.

    Raises:
        ForeignStudy: The study is about another model, data or metric.
        StorageFailure: The disk refuses; what was stored before stays.
    """
    study.require(bench.manifest)
    names = {group.name for group in study.manifest.groups}
    asked = {point.subject for point in points(grid, study.manifest) if _on_units(point)} & names
    study = require_laws(bench, study, asked)
    wanted = points(grid, study.manifest)
    if screening:
        screen_missing(bench, study, wanted, progress)
    run = _Run(bench, study, progress, engine or choose_engine(bench))
    return run.finish(wanted)


class _Run:
    """One sweep's state: how far each point is, and what waits to be written."""

    def __init__(self, bench: Workbench, study: Study, progress: Progress, engine: Engine) -> None:
        self._bench, self._study, self._progress, self._engine = bench, study, progress, engine
        self._targets = bench.splits.validation.picked(order(bench)).targets
        self._known: dict[Point, Measurement] = {}
        self._rows: dict[Point, Measurement] = {}
        self._runs: list[Run] = []
        self._written, self._cost = time.monotonic(), 0.0
        self._dense: set[tuple[str, int]] = set()
        self._refused: dict[Point, str] = {}

    def finish(self, wanted: Sequence[Point]) -> SweepReport:
        population = len(self._bench.splits.validation)
        self._write_targets()
        self._look(wanted)
        todo = [point for point in wanted if self._samples(point) < population]
        self._progress.start(sum(self._left(point, population) for point in todo), "measuring")
        try:
            for end in doubling(population):
                self._look(todo)
                if not self._advance(todo, end):
                    break
        finally:
            self._flush()
        self._study.measurements.compact()
        self._study.logits.compact()
        done = sum(self._samples(point) >= population for point in todo)
        damaged = (*self._study.measurements.damaged(), *self._study.logits.damaged())
        return SweepReport(
            len(wanted), done, len(todo) - done - len(self._refused),
            tuple(self._refused.values()), tuple(path.name for path in damaged),
        )  # fmt: skip

    def _advance(self, todo: Sequence[Point], end: int) -> bool:
        """Bring every point to ``end`` samples; False when the run was cancelled before that."""
        for start in sorted({self._samples(point) for point in todo}):
            behind = [
                point
                for point in todo
                if self._samples(point) == start < end and point not in self._refused
            ]
            if not behind:
                continue
            for point, outcome in self._engine.outcomes(start, end, behind):
                self._take(point, outcome, start, end)
                if self._progress.cancelled():
                    return False
        return True

    def _take(self, point: Point, outcome: Outcome | CannotPrune, start: int, end: int) -> None:
        said = f"{point.subject} {point.method} {point.sparsity:g}"
        if isinstance(outcome, CannotPrune):
            self._refused[point] = f"{said}: {outcome}"
            self._progress.advance(self._left(point, len(self._bench.splits.validation)), said)
            return
        dense = self._engine.dense(point.recovery, start, end)
        targets = None if self._targets is None else self._targets[start:end]
        row = measurement(self._bench, point, self._engine.about(point), dense, outcome, targets)
        before = self._known.get(point)
        self._known[point] = self._rows[point] = row if before is None else before.plus(row)
        self._keep(row.key, start, outcome)
        if (point.recovery, start) not in self._dense:
            self._dense.add((point.recovery, start))
            self._keep(_dense_key(self._bench, point.recovery), start, dense)
        self._progress.advance(1, said)
        since = time.monotonic() - self._written
        if since >= min(max(_OFTEN, _SHARE * self._cost), _SELDOM):
            self._flush()

    def _keep(self, key: tuple[str | int | float, ...], start: int, outcome: Outcome) -> None:
        values = outcome.log_probabilities
        if values is None or len(values) != len(outcome.score) or start >= MOST_SAMPLES:
            return
        self._runs.append((key, start, values.numpy()))

    def _flush(self) -> None:
        """Write what waits; logits first, so that a row never promises more than there is."""
        began = time.monotonic()
        rows, runs = list(self._rows.values()), self._runs
        self._rows, self._runs = {}, []
        self._study.logits.extend(runs)
        self._study.measurements.append(rows)
        self._written = time.monotonic()
        self._cost = self._written - began

    def _write_targets(self) -> None:
        targets = self._targets
        if targets is not None and targets.ndim == 1 and not targets.is_floating_point():
            self._study.logits.write_targets(targets.numpy())

    def _look(self, wanted: Sequence[Point]) -> None:
        """Take over what the study holds, from before or from another sweep at work on it."""
        self._flush()
        frame = self._study.measured()
        rows = dict(
            zip(
                frame[list(KEY)].itertuples(index=False, name=None),
                rows_of(self._study.measurements, frame),
                strict=True,
            )
        )
        for point in wanted:
            row = rows.get(point.key(self._study.manifest))
            if row is not None and row.samples > self._samples(point):
                self._known[point] = row

    def _samples(self, point: Point) -> int:
        row = self._known.get(point)
        return 0 if row is None else row.samples

    def _left(self, point: Point, population: int) -> int:
        """Chunks that ``point`` still lacks."""
        return sum(end > self._samples(point) for end in doubling(population))


def _dense_key(bench: Workbench, recovery: str) -> tuple[str | int | float, ...]:
    return (bench.manifest.fingerprint, MEASUREMENT_VERSION, "", "", "", 0.0, recovery, 0)


def _on_units(point: Point) -> bool:
    return point.method.granularity in ("channel", "head")
