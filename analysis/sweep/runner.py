"""Run a sweep chunk by chunk: only missing points, stored as they come, stoppable at any time."""

import math
import time
from collections.abc import Sequence
from typing import Final

from prunescope.bench.evaluate import Outcome
from prunescope.bench.workbench import Workbench
from prunescope.errors import CannotPrune
from prunescope.progress import Progress
from prunescope.replay import choose_engine
from prunescope.replay.engine import Engine, order
from prunescope.store.claims import Claims
from prunescope.store.folder import StudyFolder
from prunescope.store.logit_rows import MOST_SAMPLES
from prunescope.store.logits import Run
from prunescope.store.measurements import Measurement
from prunescope.store.parquet_table import rows_of
from prunescope.store.rows_of_study import own_rows
from prunescope.study import Grid, doubling, looks
from prunescope.study.method import UNITS
from prunescope.study.point import Key, Point, dense_key
from prunescope.sweep.check_laws import require_laws
from prunescope.sweep.left_out import point_name, write_left_out
from prunescope.sweep.meter import Meter
from prunescope.sweep.row import measurement
from prunescope.sweep.screen import screen_missing
from prunescope.sweep.stopping_policy import Policy
from prunescope.sweep.sweep_report import SweepReport
from prunescope.sweep.work_list import points

EXACT: Final = Policy()
FIRST: Final = 20.0
"""Seconds after which points without an estimate are worth screening."""
SCREENING: Final = 30.0
"""Seconds of screening at most, from its first point on, before measuring goes on."""
_OFTEN: Final = 0.25
_SELDOM: Final = 2.0
_SHARE: Final = 20.0
"""Results are written when a write takes at most a twentieth of the time since the last one, but at
least every two seconds and at most every quarter: a kill loses at most that much work."""
_LOOK: Final = 0.1
_PATIENCE: Final = 60.0
"""Seconds without a row of another sweep after which its claims hold nobody up any more: it may be
paused, or be on a machine that has lost the connection."""


def sweep(
    bench: Workbench,
    study: StudyFolder,
    grid: Grid,
    progress: Progress,
    engine: Engine | None = None,
    policy: Policy = EXACT,
    deadline: float | None = None,
    screening: bool = False,
) -> SweepReport:
    """Measure the points of ``grid`` that ``study`` lacks, one chunk of all points after another.

    Several sweeps of one study at once share the work: each claims a point before it prunes it, for
    as long as its round takes, leaves out what another has claimed, and takes over what another has
    written since (``prunescope.store.claims``).

    Run to the end in exact mode, the sums equal those of ``naive.measure`` whatever the chunks,
    the interruptions and the engine: counts exactly, sums of reals to the last digits of float64.

    Args:
        bench: What is measured.
        study: Where rows and logits go.
        grid: Which points.
        progress: Counts samples, and stops the run between two points.
        engine: Evaluates; ``choose_engine``'s by default.
        policy: When a point needs no more samples.
        deadline: When to stop, on ``time.monotonic``'s clock, later by the length of pauses; what
            was measured is kept.
        screening: Whether points that have no estimate after ``FIRST`` seconds are screened: a pass
            without labels says how much each changes its layer's outputs
            (``prunescope.sweep.screen``).

    Raises:
        ForeignStudy: The study is about another model, data or metric.
        StorageFailure: The disk refuses; what was stored before stays.
    """
    study.require(bench.manifest)
    names = {group.name for group in study.manifest.groups}
    on_units = [p for p in points(grid, study.manifest) if p.method.granularity in UNITS]
    unit_subjects = {point.subject for point in on_units} & names
    study = require_laws(bench, study, unit_subjects)
    grid_points = points(grid, study.manifest)
    run = _SweepRun(bench, study, progress, engine or choose_engine(bench), deadline)
    late = run.start(grid_points, policy)
    if screening and late:
        screen_missing(bench, study, late, progress, SCREENING)
    return run.finish(grid_points, policy)


class _SweepRun:
    """One sweep's state: the samples of each point so far, and rows that wait to be written."""

    def __init__(
        self,
        bench: Workbench,
        study: StudyFolder,
        progress: Progress,
        engine: Engine,
        deadline: float | None,
    ) -> None:
        self._bench, self._study, self._engine = bench, study, engine
        self._meter = Meter(bench, engine, progress)
        self._deadline = deadline
        self._population = len(bench.splits.validation)
        self._scale = bench.manifest.scale
        self._targets = bench.splits.validation.picked(order(bench)).targets
        self._measurements: dict[Point, Measurement] = {}
        self._rows: dict[Point, Measurement] = {}
        self._runs: list[Run] = []
        self._written, self._cost = time.monotonic(), 0.0
        self._dense: set[tuple[str, int]] = set()
        self._refused: dict[Point, str] = {}
        self._touched: set[Point] = set()
        self._claims = Claims(study.folder)
        self._elsewhere: set[Point] = set()
        self._start = 0
        self._impatient = False
        self._points: dict[Key, Point] = {}
        self._known: set[str] = set()
        self._changed = 0
        self._moved = time.monotonic()
        self._engine.claim = self._claim

    def start(self, grid_points: Sequence[Point], policy: Policy) -> list[Point]:
        """Read stored rows, and evaluate one chunk of the points that have none.

        Returns:
            The points that still have no samples after ``FIRST`` seconds.
        """
        self._write_targets()
        self._points = {point.key(self._study.manifest): point for point in grid_points}
        self._read_stored()
        now, todo = self._unsettled(grid_points, policy)
        left = {point: self._population - self._samples(point) for point in todo}
        self._meter.start(len(grid_points), left)
        if now and not self._samples(now[0]) and not self._over():
            self._round(now, policy, FIRST)
        awaited = self._refused.keys() | self._elsewhere
        return [p for p in now if p not in awaited and not self._samples(p)]

    def finish(self, grid_points: Sequence[Point], policy: Policy) -> SweepReport:
        """Evaluate round by round until every point is settled; see ``sweep``."""
        try:
            self._read_stored()
            now, todo = self._unsettled(grid_points, policy)
            self._meter.settle(set(todo))
            while todo and not self._over():
                if not (self._round(now, policy) or self._round(todo, policy)):
                    self._wait()
                self._read_stored()
                now, todo = self._unsettled(grid_points, policy)
                self._meter.settle(set(todo))
        finally:
            self._flush()
            self._claims.close()
        write_left_out(self._study.folder, grid_points, self._refused)
        self._study.measurements.compact()
        self._study.logits.compact()
        damaged = (*self._study.measurements.damaged(), *self._study.logits.damaged())
        partial = sum(
            self._samples(point) < self._population
            for point in set(grid_points) - set(todo) - set(self._refused)
        )
        work = self._meter.work
        refused = tuple(f"{point_name(point)}: {why}" for point, why in self._refused.items())
        return SweepReport(
            len(grid_points), len(self._touched - set(todo)), len(todo),
            refused, tuple(path.name for path in damaged), partial,
            self._meter.samples, work.naive, work.executed, work.bound, self._meter.seconds,
            sum(self._samples(point) > 0 for point in todo),
        )  # fmt: skip

    def _unsettled(
        self, grid_points: Sequence[Point], policy: Policy
    ) -> tuple[list[Point], list[Point]]:
        """The unsettled points, and all points to evaluate (in exact mode, settled ones last)."""
        possible = [point for point in grid_points if point not in self._refused]
        next_points = policy.unsettled(possible, self._measurements, self._population, self._scale)
        if policy.mode != "exact":
            return next_points, next_points
        todo = [p for p in possible if self._samples(p) < self._population]
        return next_points or sorted(todo, key=self._samples), todo

    def _round(self, todo: Sequence[Point], policy: Policy, most: float = math.inf) -> bool:
        """Evaluate one chunk of the first point of ``todo`` and of all with as many samples.

        Where other sweeps have claimed all of these, take those with the next more samples. Stop
        between two points once the sweep has worked for ``most`` seconds, pauses not counted. Where
        points may be settled early, chunks are finer.

        Returns:
            Whether there was any that no other sweep has claimed.
        """
        ends = doubling if policy.mode == "exact" else looks
        # Others may have finished some since ``todo`` was made.
        for start in dict.fromkeys(map(self._samples, todo)):
            if start >= self._population:
                continue
            end = next(end for end in ends(self._population) if end > start)
            behind = [point for point in todo if self._samples(point) == start]
            self._start, self._elsewhere = start, set()
            try:
                if not any(map(self._claim, behind)):
                    continue
                for point, outcome in self._engine.outcomes(start, end, behind):
                    self._record(point, outcome, start, end)
                    if self._over() or self._meter.seconds > most:
                        break
                self._impatient = False
                return True
            finally:
                self._flush()
                self._claims.release()
        return False

    def _claim(self, point: Point) -> bool:
        """Whether this sweep is to evaluate ``point`` now; the same all through a round."""
        if point in self._elsewhere:
            return False
        claimed = self._claims.take(point.key(self._study.manifest)) or self._impatient
        if claimed:  # who had it before may have written it
            self._look()
        if not claimed or self._samples(point) != self._start:
            self._elsewhere.add(point)
        return point not in self._elsewhere

    def _wait(self) -> None:
        """Give other sweeps time for what they have claimed, as long as they get on with it."""
        time.sleep(_LOOK)
        self._look()
        self._impatient = time.monotonic() - self._moved > _PATIENCE

    def _over(self) -> bool:
        if self._meter.stopped():
            return True
        return self._deadline is not None and time.monotonic() - self._meter.held >= self._deadline

    def _record(self, point: Point, outcome: Outcome | CannotPrune, start: int, end: int) -> None:
        message = point_name(point)
        if isinstance(outcome, CannotPrune):
            self._refused[point] = str(outcome)
            return
        dense = self._engine.dense(point.recovery, start, end)
        targets = None if self._targets is None else self._targets[start:end]
        row = measurement(self._bench, point, self._engine.about(point), dense, outcome, targets)
        previous = self._measurements.get(point)
        self._measurements[point] = self._rows[point] = (
            row if previous is None else previous.plus(row)
        )
        self._keep_logits(row.key, start, outcome)
        if (point.recovery, start) not in self._dense:
            self._dense.add((point.recovery, start))
            self._keep_logits(dense_key(self._bench.manifest, point.recovery), start, dense)
        self._touched.add(point)
        self._meter.count_samples(point, start, end, message)
        since = time.monotonic() - self._written
        if since >= min(max(_OFTEN, _SHARE * self._cost), _SELDOM):
            self._flush()

    def _keep_logits(
        self, key: tuple[str | int | float, ...], start: int, outcome: Outcome
    ) -> None:
        values = outcome.log_probabilities
        if values is None or len(values) != len(outcome.score) or start >= MOST_SAMPLES:
            return
        self._runs.append((key, start, values.numpy()))

    def _flush(self) -> None:
        """Write waiting results; logits first, so that a row's samples always have logits."""
        began = time.monotonic()
        rows, runs = list(self._rows.values()), self._runs
        self._rows, self._runs = {}, []
        self._study.logits.extend(runs)
        written = self._study.measurements.append(rows)
        if written is not None:
            self._known.add(written.name)
            self._moved = time.monotonic()
        self._written = time.monotonic()
        self._cost = self._written - began

    def _write_targets(self) -> None:
        targets = self._targets
        if targets is not None and targets.ndim == 1 and not targets.is_floating_point():
            self._study.logits.write_targets(targets.numpy())

    def _read_stored(self) -> None:
        """Read the study's rows, from earlier sweeps or from another one that runs now."""
        self._flush()
        self._known, self._changed = set(), 0
        self._look()

    def _look(self) -> None:
        """Read what was written since the last look, unless it is this sweep's own."""
        folder = self._study.measurements.folder
        changed = folder.stat().st_mtime_ns if folder.is_dir() else 0
        if changed == self._changed:
            return
        self._changed = changed  # before reading: what comes later is seen the next time
        frame, names = self._study.measurements.read_new(self._known)
        self._known |= names
        frame = own_rows(frame, self._study.manifest)
        for row in rows_of(self._study.measurements, frame):
            point = self._points.get(row.key)
            if point is not None and row.samples > self._samples(point):
                self._measurements[point] = row
                self._moved = time.monotonic()

    def _samples(self, point: Point) -> int:
        row = self._measurements.get(point)
        return 0 if row is None else row.samples
