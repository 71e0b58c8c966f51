"""Run a sweep round by round: only missing points, stored as they come, stoppable at any time."""

import math
import time
from collections.abc import Collection, Sequence
from typing import Final

from prunescope.bench.evaluate import Outcome
from prunescope.bench.workbench import Workbench
from prunescope.errors import CannotPrune
from prunescope.progress import Progress
from prunescope.replay import choose_engine
from prunescope.replay.engine import Engine
from prunescope.replay.frontier import FrontierEngine
from prunescope.store.folder import StudyFolder
from prunescope.store.other_sweeps import OtherSweeps
from prunescope.study import Grid, at_the_end, doubling, looks
from prunescope.study.method import UNITS
from prunescope.study.point import Point, point_name
from prunescope.sweep.check_laws import require_laws
from prunescope.sweep.left_out import write_left_out
from prunescope.sweep.meter import Meter
from prunescope.sweep.next_points import NextPoints
from prunescope.sweep.preflight import preflight
from prunescope.sweep.record_outcomes import Recorder
from prunescope.sweep.screen import screen_missing
from prunescope.sweep.shared_rows import SharedRows
from prunescope.sweep.stopping_policy import Policy
from prunescope.sweep.sweep_report import SweepReport
from prunescope.sweep.time_budget import TimeBudget
from prunescope.sweep.turns import Turns
from prunescope.sweep.work_list import points
from prunescope.sweep.work_order import PILOT_CHUNKS, by_information, pilots

EXACT: Final = Policy()
FIRST: Final = 20.0
"""Seconds after which points without an estimate are worth screening."""
SCREENING: Final = 30.0
"""Seconds of screening at most, from its first point on, before measuring goes on."""
_PILOTING: Final = 0.5
"""Share of ``FIRST`` after which no further pilot runs alone."""


def sweep(
    bench: Workbench,
    study: StudyFolder,
    grid: Grid,
    progress: Progress,
    engine: Engine | None = None,
    policy: Policy = EXACT,
    deadline: float | None = None,
    screening: bool = False,
    among: Collection[Point] | None = None,
    others: OtherSweeps | None = None,
) -> SweepReport:
    """Measure the points of ``grid`` that ``study`` lacks, one chunk of all points after another.

    Several sweeps of one study at once share the work: each claims a point before it prunes it, for
    as long as its round takes, leaves out what another has claimed, and takes over what another has
    written since (``prunescope.store.claims``).

    Run to the end in exact mode, the sums equal those of ``naive.measure`` whatever the chunks,
    the interruptions and the engine: counts exactly, sums of reals to the last digits of float64.

    A few points of each kind run first, alone: the rest's time is forecast from theirs. Under a
    deadline each of these is finished at once, and then points a few at a time, in the order of
    ``work_order.by_information``, so that whatever it cuts off, what is there are whole points.

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
            (``prunescope.sweep.screen``); none in exact mode under a deadline.
        among: Of the grid's points, those to measure; None for all.
        others: Sweeps whose rows come into the study while this one runs; None for none.

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
    if among is not None:
        grid_points = tuple(point for point in grid_points if point in among)
    run = _SweepRun(
        bench, study, grid_points, progress, engine or choose_engine(bench), policy, deadline,
        Turns(grid, grid_points, study.manifest, others or OtherSweeps()),
    )  # fmt: skip
    late = run.start()
    if screening and late:
        screen_missing(bench, study, late, progress, SCREENING)
    return run.finish()


class _SweepRun:
    """One sweep: which points go how far next, until each is settled or the time is over."""

    def __init__(
        self,
        bench: Workbench,
        study: StudyFolder,
        grid_points: Sequence[Point],
        progress: Progress,
        engine: Engine,
        policy: Policy,
        deadline: float | None,
        turns: Turns,
    ) -> None:
        self._study, self._engine, self._turns = study, engine, turns
        self._grid_points, self._budgeted = grid_points, deadline is not None
        self._finishing = self._budgeted and policy.mode == "exact"
        self._ends = doubling if policy.mode == "exact" else looks
        summaries = (bench.manifest.metric, *(m.summary for m in bench.manifest.other_metrics))
        if any(summary.over_set for summary in summaries):
            self._ends = at_the_end
        self._meter = Meter(bench, engine, progress, self._ends)
        self._budget = TimeBudget(deadline, self._meter)
        self._population = len(bench.splits.validation)
        self._shared = SharedRows(study, grid_points)
        tiers = () if deadline is None else by_information(grid_points, study.manifest)
        self._next = NextPoints(
            grid_points, self._shared, policy, turns, tiers, self._population, bench.manifest.scale
        )
        self._records = Recorder(bench, engine, self._shared)
        self._engine.claim = self._shared.claim
        self._engine.go_on = self._go_on

    def start(self) -> list[Point]:
        """Run the pilots, and evaluate one chunk of the points that have no samples.

        In exact mode under a deadline only pilots are begun here, and each is finished.

        Returns:
            The points without samples after ``FIRST`` seconds, to be screened; in exact mode none
            under a deadline, whose time is for measuring.
        """
        self._records.write_targets(self._study)
        now, todo = self._next.pick(self._records.refused)
        left = {point: self._population - self._shared.samples(point) for point in todo}
        self._bound = preflight(
            self._study.manifest, todo, left, isinstance(self._engine, FrontierEngine),
            self._budgeted,
        ).macs_bound  # fmt: skip
        self._meter.start(len(self._grid_points), left)
        self._pilot()
        now, _ = self._next.pick(self._records.refused)
        if self._finishing:
            return []
        if now and not self._shared.samples(now[0]) and not self._over():
            self._round(now, FIRST)
        awaited = self._records.refused.keys() | self._shared.elsewhere
        return [p for p in now if p not in awaited and not self._shared.samples(p)]

    def finish(self) -> SweepReport:
        """Evaluate round by round until every point is settled; see ``sweep``."""
        try:
            self._shared.read()
            now, todo = self._next.pick(self._records.refused)
            self._meter.settle(set(todo))
            while todo and not self._over():
                if not (self._forward(now) or self._round(todo)):
                    self._shared.wait()
                self._shared.read()
                now, todo = self._next.pick(self._records.refused)
                self._meter.settle(set(todo))
        finally:
            self._shared.close()
        write_left_out(self._study.folder, self._grid_points, self._records.refused)
        damaged = self._shared.compact()
        samples = self._shared.samples
        partial = sum(
            samples(point) < self._population
            for point in set(self._grid_points) - set(todo) - set(self._records.refused)
        )
        work, meter = self._meter.work, self._meter
        refused = tuple(
            f"{point_name(point)}: {why}" for point, why in self._records.refused.items()
        )
        return SweepReport(
            len(self._grid_points), len(self._records.touched - set(todo)), len(todo),
            refused, damaged, partial,
            meter.samples, work.naive, work.executed, work.bound, meter.seconds,
            sum(samples(point) > 0 for point in todo),
            meter.processor, meter.first_forecast, self._bound,
            tuple(meter.paces(time.time(), self._bound, not todo)),
        )  # fmt: skip

    def _pilot(self) -> None:
        """Run a few points of each kind alone, and forecast the rest.

        Each runs in the first chunks of all points, so that what it takes to make a point can be
        told from what it takes to run it. Under a deadline each is finished before the next begins.
        """
        ends = self._ends(self._population)
        chunks = len(ends) if self._finishing else PILOT_CHUNKS
        _, todo = self._next.pick(self._records.refused)
        fresh = [point for point in todo if not self._shared.samples(point)]
        try:
            for point in pilots(self._turns.take(fresh or todo), self._study.manifest):
                spent = min(self._meter.processor, self._meter.seconds / 2)
                if spent > _PILOTING * FIRST or self._meter.seconds > self._budget.ahead:
                    break
                for _ in range(chunks):
                    if self._over() or point not in self._next.pick(self._records.refused)[1]:
                        break
                    self._round([point], close=False)  # a file for each would cost more than it
        finally:
            self._shared.close_round()
        self._meter.say_forecast()

    def _forward(self, now: Sequence[Point]) -> bool:
        """Take ``now`` further: by a chunk, or under a deadline a few of them to their end."""
        if not self._finishing:
            return self._round(now)
        few, fits = self._budget.few(now, self._shared.samples)
        gone = self._round(few)
        if gone and fits:
            for _ in self._ends(self._population):  # the usual chunks: sums are equal to the bit
                few = [point for point in few if point not in self._records.refused]
                if self._over() or not self._round(few):
                    break
        return gone

    def _round(self, todo: Sequence[Point], most: float = math.inf, close: bool = True) -> bool:
        """Evaluate one chunk of the first point of ``todo`` and of all with as many samples.

        Where other sweeps have claimed all of these, take those with the next more samples. Stop
        between two points once the sweep has worked for ``most`` seconds, pauses not counted. Where
        points may be settled early, chunks are finer.

        Args:
            todo: Points, the next ones first.
            most: Seconds since the sweep began.
            close: Whether to write what the round gave and give its claims back.

        Returns:
            Whether there was any that no other sweep has claimed.
        """
        # Others may have finished some since ``todo`` was made.
        for start in dict.fromkeys(map(self._shared.samples, todo)):
            if start >= self._population:
                continue
            stop = next(end for end in self._ends(self._population) if end > start)
            behind = [point for point in todo if self._shared.samples(point) == start]
            self._shared.open_round(start)
            shard = self._turns.shard
            try:
                if not any(map(self._shared.claim, behind)):
                    continue
                self._meter.open_call()
                for point, outcome in self._engine.outcomes(start, stop, behind):
                    self._record(point, outcome, start, stop)
                    if self._over() or self._meter.seconds > most or self._turns.shard != shard:
                        break
                self._meter.close_call()
                self._shared.moved()
                return True
            finally:
                if close:
                    self._shared.close_round()
        return False

    def _over(self) -> bool:
        return self._meter.stopped() or self._budget.left <= 0

    def _go_on(self, point: Point, samples: int) -> bool:
        """Count a part of a round, which is not stored before its last one."""
        self._meter.count_part(point, samples)
        return not self._over()

    def _record(self, point: Point, outcome: Outcome | CannotPrune, start: int, end: int) -> None:
        if self._records.add(point, outcome, start, end):
            self._meter.count_samples(point, start, end, point_name(point))
            self._shared.flush_if_due()
