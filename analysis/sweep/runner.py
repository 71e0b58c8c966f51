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
from analysis.sweep.policy import Policy
from analysis.sweep.screen import screen_missing
from analysis.sweep.tally import measurement
from analysis.workbench import Workbench

EXACT: Final = Policy()
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
        measured: Points evaluated further now, to their end or until they were settled.
        missing: Points not settled because the run was cancelled or its time was over.
        refused: Points that cannot be had, each with the reason.
        damaged: Files that were set aside, to be looked at by hand.
        partial: Points settled before every sample was seen.
        samples: Evaluated samples, all points together.
        macs: Multiply-accumulates that the plain loop needs for them; 0 where unknown.
        seconds: That the evaluation took.
    """

    wanted: int
    measured: int
    missing: int
    refused: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()
    partial: int = 0
    samples: int = 0
    macs: int = 0
    seconds: float = 0.0


def sweep(
    bench: Workbench,
    study: Study,
    grid: Grid,
    progress: Progress,
    engine: Engine | None = None,
    policy: Policy = EXACT,
    deadline: float | None = None,
    screening: bool = False,
) -> SweepReport:
    """Measure what ``grid`` asks for and ``study`` lacks, all points a little further in turn.

    Run to the end in exact mode, the sums equal those of ``naive.measure`` whatever the chunks,
    the interruptions and the engine: counts exactly, sums of reals to the last digits of float64.

    Args:
        bench: What is measured.
        study: Where rows and logits go.
        grid: Which points.
        progress: Counts samples, and stops the run between two points.
        engine: Evaluates; ``choose_engine``'s by default.
        policy: When a point needs no more samples.
        deadline: When to stop, on ``time.monotonic``'s clock; what was measured is kept.
        screening: Whether a first pass without labels says how much each point changes its layer's
            outputs (``analysis.sweep.screen``).

    Raises:
        ForeignStudy: The study is about another model, data or metric.
        StorageFailure: The disk refuses; what was stored before stays.
    """
    study.require(bench.manifest)
    names = {group.name for group in study.manifest.groups}
    asked = {point.subject for point in points(grid, study.manifest) if _on_units(point)} & names
    study = require_laws(bench, study, asked)
    wanted = points(grid, study.manifest)
    run = _Run(bench, study, progress, engine or choose_engine(bench), deadline)
    run.begin(wanted, policy)
    if screening:  # after the first chunk, which costs less and shows curves sooner
        screen_missing(bench, study, wanted, progress)
    return run.finish(wanted, policy)


class _Run:
    """One sweep's state: how far each point is, and what waits to be written."""

    def __init__(
        self,
        bench: Workbench,
        study: Study,
        progress: Progress,
        engine: Engine,
        deadline: float | None,
    ) -> None:
        self._bench, self._study, self._progress, self._engine = bench, study, progress, engine
        self._deadline = deadline
        self._began = time.monotonic()
        self._population = len(bench.splits.validation)
        self._targets = bench.splits.validation.picked(order(bench)).targets
        self._known: dict[Point, Measurement] = {}
        self._rows: dict[Point, Measurement] = {}
        self._runs: list[Run] = []
        self._written, self._cost = time.monotonic(), 0.0
        self._dense: set[tuple[str, int]] = set()
        self._refused: dict[Point, str] = {}
        self._touched: set[Point] = set()
        self._evaluated = 0
        self._open: dict[Point, int] = {}

    def begin(self, wanted: Sequence[Point], policy: Policy) -> None:
        """Take over what is stored and bring the points that have nothing through one chunk."""
        self._write_targets()
        self._look(wanted)
        now, todo = self._unsettled(wanted, policy)
        self._open = {point: self._population - self._samples(point) for point in todo}
        self._progress.start(sum(self._open.values()), f"measuring {len(todo)} points")
        try:
            if now and not self._samples(now[0]) and not self._over():
                self._round(now)
        finally:
            self._flush()

    def finish(self, wanted: Sequence[Point], policy: Policy) -> SweepReport:
        """Go on round by round until every point is settled; see ``sweep``."""
        try:
            self._look(wanted)
            now, todo = self._unsettled(wanted, policy)
            self._settle(todo)
            while todo and not self._over():
                self._round(now)
                self._look(wanted)
                now, todo = self._unsettled(wanted, policy)
                self._settle(todo)
        finally:
            self._flush()
        self._study.measurements.compact()
        self._study.logits.compact()
        damaged = (*self._study.measurements.damaged(), *self._study.logits.damaged())
        partial = sum(
            self._samples(point) < self._population
            for point in set(wanted) - set(todo) - set(self._refused)
        )
        return SweepReport(
            len(wanted), len(self._touched - set(todo)), len(todo), tuple(self._refused.values()),
            tuple(path.name for path in damaged), partial, self._evaluated,
            self._evaluated * self._bench.manifest.macs, time.monotonic() - self._began,
        )  # fmt: skip

    def _unsettled(
        self, wanted: Sequence[Point], policy: Policy
    ) -> tuple[list[Point], list[Point]]:
        """What to go on with now, and all that is to do: in exact mode the settled ones last."""
        possible = [point for point in wanted if point not in self._refused]
        now = policy.unsettled(possible, self._known, self._population)
        if policy.mode != "exact":
            return now, now
        todo = [p for p in possible if self._samples(p) < self._population]
        return now or sorted(todo, key=self._samples), todo

    def _round(self, todo: Sequence[Point]) -> None:
        """Bring the first of ``todo``, and all that stand where it stands, one chunk further."""
        start = self._samples(todo[0])
        end = next(end for end in doubling(self._population) if end > start)
        behind = [point for point in todo if self._samples(point) == start]
        for point, outcome in self._engine.outcomes(start, end, behind):
            self._take(point, outcome, start, end)
            if self._over():
                return

    def _over(self) -> bool:
        late = self._deadline is not None and time.monotonic() >= self._deadline
        return late or self._progress.cancelled()

    def _settle(self, todo: Sequence[Point]) -> None:
        """Count what settled points need no more as done."""
        still = set(todo)
        for point in [point for point in self._open if point not in still]:
            left = self._open.pop(point)
            if left:
                self._progress.advance(left)

    def _take(self, point: Point, outcome: Outcome | CannotPrune, start: int, end: int) -> None:
        said = f"{point.subject} {point.method} {point.sparsity:g}"
        if isinstance(outcome, CannotPrune):
            self._refused[point] = f"{said}: {outcome}"
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
        self._touched.add(point)
        self._evaluated += end - start
        self._open[point] = self._population - end
        self._progress.advance(end - start, f"{said} · {end} of {self._population} samples")
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


def _dense_key(bench: Workbench, recovery: str) -> tuple[str | int | float, ...]:
    return (bench.manifest.fingerprint, MEASUREMENT_VERSION, "", "", "", 0.0, recovery, 0)


def _on_units(point: Point) -> bool:
    return point.method.granularity in ("channel", "head")
