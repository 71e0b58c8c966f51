"""Count a sweep's finished and remaining work: points, samples, MACs, and processor time."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from prunescope.bench.workbench import Workbench
from prunescope.progress import Progress
from prunescope.replay.engine import Engine
from prunescope.replay.frontier import FrontierEngine
from prunescope.replay.replay_cost import ReplayCost
from prunescope.study.point import Point, point_name
from prunescope.study.recoveries import REFITS
from prunescope.sweep.forecast import Forecast, PointRun, RunCosts, with_walks
from prunescope.sweep.kinds import kind_of
from prunescope.sweep.pace import WHOLE, Pace
from prunescope.sweep.work_behind import own_weights, refit_work, suffix_macs

_FEWEST: Final = 1e-3
"""Seconds of processor time below which nothing is concluded from them."""


class Meter:
    """Counts the work, and reports it to a progress.

    These are ``points`` (settled ones) of ``points_wanted``, ``samples`` that every open point has
    of ``population``, and ``macs`` executed of ``macs_expected``. The expectation weighs what is
    left by the multiply-accumulates behind each pruned layer, scaled by the ratio of executed to
    counted ones so far; modes that settle points early stay below it. ``processor_seconds`` are
    taken of ``processor_expected``, ``processor_low`` to ``processor_high``, once points of every
    kind have run; ``stretch`` is the time on the clock for each of them.
    """

    def __init__(
        self,
        bench: Workbench,
        engine: Engine,
        progress: Progress,
        ends: Callable[[int], tuple[int, ...]],
    ) -> None:
        self._engine, self._progress = engine, progress
        self._macs = bench.manifest.macs
        self._population = len(bench.splits.validation)
        self._ends = ends(self._population)
        self._suffix_macs = suffix_macs(bench.manifest)
        self._refit_work = refit_work(bench.manifest)
        self._weights = own_weights(bench.manifest)
        self._left: dict[Point, int] = {}
        self._ahead: dict[Point, int] = {}
        self._point_count = 0
        self._to_do = 0
        self._round, self._least = -1, 0
        self._began = time.monotonic()
        self._processor = self._mark = time.process_time()
        self._costs = RunCosts(bench.manifest.macs)
        self._seen: set[Point] = set()
        self._opened: set[tuple[str, str]] = set()
        self._made: set[object] = set()
        self._kinds: dict[str, tuple[set[Point], int, float]] = {}
        self._runs: list[PointRun] = []
        self._replays = isinstance(engine, FrontierEngine)
        self._between, self._calls = 0.0, 0
        self._once = False
        self._forecast: Forecast | None = None
        self.first_forecast: Forecast | None = None
        """What was said before the first round of all points."""
        self.held = 0.0
        """Seconds of pauses."""
        self.samples = 0
        """Evaluated, all points together."""
        self.counted = 0
        """Multiply-accumulates behind the pruned layers of what was evaluated."""
        self._before = self.work.executed

    def start(self, point_count: int, left: Mapping[Point, int]) -> None:
        """Start counting; ``left`` holds the remaining samples of the open points."""
        self._point_count, self._left = point_count, dict(left)
        self._to_do = sum(self._suffix_macs(point.subject) * n for point, n in left.items())
        self._progress.start(sum(left.values()), f"measuring {len(left)} points")

    def open_call(self) -> None:
        """Begin a call of the engine."""
        now = time.process_time()
        self._between += now - self._mark
        self._calls += 1
        self._runs, self._once, self._mark = [], False, now

    def close_call(self) -> None:
        """Learn from what the engine's call took, and forecast the rest."""
        seconds, self._mark = time.process_time() - self._mark, time.process_time()
        runs = with_walks(self._runs, self._macs)
        self._costs.add(runs, seconds, self._once)
        work = sum(run.behind * run.samples for run in runs) or 1
        for run in runs:
            points, macs, taken = self._kinds[run.kind]
            own = run.behind * run.samples
            self._kinds[run.kind] = (points, macs + own, taken + seconds * own / work)
        coming = self._coming(self._left)
        between = self._between / self._calls * (len({run.samples for run in coming}) + 1)
        self._forecast = self._costs.forecast(self.processor, coming, between, self.stretch)

    def say_forecast(self) -> None:
        """Keep the forecast so far as the one that the sweep is held to."""
        self.first_forecast = self._forecast

    def clock(self, points: Sequence[Point]) -> float | None:
        """Return the seconds on the clock until ``points`` have all samples.

        None while a kind of them has not run.
        """
        lacking = {point: self._left.get(point, 0) for point in points}
        seconds = self._costs.seconds(self._coming(lacking))
        return None if seconds is None else seconds * self.stretch

    def count_samples(self, point: Point, start: int, stop: int, message: str) -> None:
        """Count the samples from ``start`` to ``stop`` of one point."""
        if start != self._round:  # once in a round: the open points may be many
            self._round = start
            self._least = self._population - max(self._left.values(), default=self._population)
        behind = self._suffix_macs(point.subject)
        macs = behind * (stop - start)
        self.samples += stop - start
        self.counted += macs
        self._to_do -= macs
        self._left[point] = self._population - stop
        if stop >= self._population:
            del self._left[point]
        run = self._run(point, start, stop)
        self._runs.append(run)
        self._seen.add(point)
        self._opened.add((run.kind, point.subject))
        self._once |= not {point.method, point.recovery} <= self._made
        self._made |= {point.method, point.recovery}
        self._kinds.setdefault(run.kind, (set(), 0, 0.0))[0].add(point)
        self._stand(self._least)
        self._progress.advance(stop - start - self._ahead.pop(point, 0), message)

    def count_part(self, point: Point, samples: int) -> None:
        """Count samples of a point that is not finished with its round."""
        self._ahead[point] = self._ahead.get(point, 0) + samples
        self._progress.advance(samples, point_name(point))

    def settle(self, still: set[Point]) -> None:
        """Drop the remaining samples of all points but those of ``still``, as they are settled."""
        for point in [point for point in self._left if point not in still]:
            left = self._left.pop(point)
            self._to_do -= self._suffix_macs(point.subject) * left
            self._progress.advance(left - self._ahead.pop(point, 0))

    @property
    def seconds(self) -> float:
        """Since the beginning, pauses not counted."""
        return time.monotonic() - self._began - self.held

    @property
    def processor(self) -> float:
        """Seconds of processor time since the beginning, of all threads."""
        return time.process_time() - self._processor

    @property
    def stretch(self) -> float:
        """Seconds on the clock for each second of processor time so far."""
        return self.seconds / self.processor if self.processor > _FEWEST else 1.0

    def paces(self, finished: float, macs_bound: float, complete: bool) -> list[Pace]:
        """Return what the sweep took, as the study stores it: by kind, and as a whole."""
        if not self._kinds:
            return []
        said = self.first_forecast
        work = sum(seconds for _, _, seconds in self._kinds.values()) or 1.0
        rest = self.processor / work  # reading, writing and forecasting are everybody's
        clock = self.seconds / max(self.processor, _FEWEST)
        kinds = [
            Pace(finished, kind, len(points), macs, seconds * rest, seconds * rest * clock)
            for kind, (points, macs, seconds) in self._kinds.items()
        ]
        whole = Pace(
            finished, WHOLE, len(self._seen), self.counted, self.processor, self.seconds,
            said.low if said else 0.0, said.high if said else 0.0, macs_bound,
            self.work.executed - self._before, complete,
        )  # fmt: skip
        return [*kinds, whole]

    def stopped(self) -> bool:
        """Return whether the run was told to stop; the duration of a pause is not counted."""
        started = time.monotonic()
        stop = self._progress.cancelled()
        self.held += time.monotonic() - started
        return stop

    @property
    def work(self) -> ReplayCost:
        """What was executed, what the plain loop takes, and the bound of replay (0 without it)."""
        if isinstance(self._engine, FrontierEngine):
            return self._engine.work
        plain = self.samples * self._macs
        return ReplayCost(plain, plain)

    def _coming(self, lacking: Mapping[Point, int]) -> list[PointRun]:
        """The runs that are left, in the usual chunks, points with as many samples at once."""
        calls: dict[tuple[int, int], list[PointRun]] = {}
        opened: set[tuple[str, str]] = set()
        for point, left in lacking.items():
            start = first = self._population - left
            for end in self._ends:
                if end > start:
                    run = self._run(point, start, end)
                    once = start == first
                    opens = run.opens and once and (run.kind, point.subject) not in opened
                    opened.add((run.kind, point.subject))
                    calls.setdefault((start, end), []).append(
                        replace(run, first=run.first and once, opens=opens)
                    )
                    start = end
        return [run for runs in calls.values() for run in with_walks(runs, self._macs)]

    def _run(self, point: Point, start: int, stop: int) -> PointRun:
        behind = self._suffix_macs(point.subject) if self._replays else self._macs
        kind = kind_of(point)
        first, opens = point not in self._seen, (kind, point.subject) not in self._opened
        refit = self._refit_work(point.subject) if point.recovery in REFITS else 0
        weights = self._weights(point.subject)
        return PointRun(kind, behind, stop - start, first, opens, refit=refit, weights=weights)

    def _stand(self, least: int) -> None:
        executed = self.work.executed - self._before
        scale = executed / self.counted if self.counted else 1.0
        figures = {
            "points": self._point_count - len(self._left), "points_wanted": self._point_count,
            "samples": least, "population": self._population, "macs": executed,
            "macs_expected": executed + scale * self._to_do, "macs_counted": self.counted,
            "seconds": self.seconds,
            "processor_seconds": self.processor,
        }  # fmt: skip
        said = self._forecast
        if said is not None:
            figures |= {
                "processor_low": said.low, "processor_expected": said.expected,
                "processor_high": said.high, "stretch": said.stretch,
            }  # fmt: skip
        self._progress.stand(**figures)
