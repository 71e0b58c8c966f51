"""Count a sweep's finished and remaining work: points, samples and multiply-accumulates."""

import time
from collections.abc import Mapping

from prunescope.bench.workbench import Workbench
from prunescope.progress import Progress
from prunescope.replay.engine import Engine
from prunescope.replay.frontier import FrontierEngine
from prunescope.replay.replay_cost import ReplayCost
from prunescope.study.point import Point
from prunescope.sweep.preflight import suffix_macs


class Meter:
    """Counts the work, and reports it to a progress.

    These are ``points`` (settled ones) of ``points_wanted``, ``samples`` that every open point has
    of ``population``, and ``macs`` executed of ``macs_expected``. The expectation weighs what is
    left by the multiply-accumulates behind each pruned layer, scaled by the ratio of executed to
    counted ones so far; modes that settle points early stay below it. ``macs_counted`` per
    ``seconds`` of work predicts the speed of the next sweep (``prunescope.sweep.pace``).
    """

    def __init__(self, bench: Workbench, engine: Engine, progress: Progress) -> None:
        self._engine, self._progress = engine, progress
        self._macs = bench.manifest.macs
        self._population = len(bench.splits.validation)
        self._suffix_macs = suffix_macs(bench.manifest)
        self._left: dict[Point, int] = {}
        self._point_count = 0
        self._to_do = 0
        self._round, self._least = -1, 0
        self._began = time.monotonic()
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

    def count_samples(self, point: Point, start: int, stop: int, message: str) -> None:
        """Count the samples from ``start`` to ``stop`` of one point."""
        if start != self._round:  # once in a round: the open points may be many
            self._round = start
            self._least = self._population - max(self._left.values(), default=self._population)
        macs = self._suffix_macs(point.subject) * (stop - start)
        self.samples += stop - start
        self.counted += macs
        self._to_do -= macs
        self._left[point] = self._population - stop
        if stop >= self._population:
            del self._left[point]
        self._stand(self._least)
        self._progress.advance(stop - start, message)

    def settle(self, still: set[Point]) -> None:
        """Drop the remaining samples of all points but those of ``still``, as they are settled."""
        for point in [point for point in self._left if point not in still]:
            left = self._left.pop(point)
            self._to_do -= self._suffix_macs(point.subject) * left
            self._progress.advance(left)

    @property
    def seconds(self) -> float:
        """Since the beginning, pauses not counted."""
        return time.monotonic() - self._began - self.held

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

    def _stand(self, least: int) -> None:
        executed = self.work.executed - self._before
        scale = executed / self.counted if self.counted else 1.0
        self._progress.stand(
            points=self._point_count - len(self._left), points_wanted=self._point_count,
            samples=least, population=self._population, macs=executed,
            macs_expected=executed + scale * self._to_do, macs_counted=self.counted,
            seconds=self.seconds,
        )  # fmt: skip
