"""Evaluate all points on one chunk of samples in one walk over the graph."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import Final

from prunescope.bench.answers import outcome_later
from prunescope.bench.device import HOST, device_of
from prunescope.bench.outcomes import Outcome, join_outcomes
from prunescope.bench.precision import FP32, computing_in, widened
from prunescope.capture.network import model_runs
from prunescope.errors import CannotPrune
from prunescope.replay.dependencies import node_numbers
from prunescope.replay.lanes import Lanes
from prunescope.replay.point_faults import point_faults
from prunescope.replay.point_groups import Step
from prunescope.replay.point_variants import Key, Points
from prunescope.replay.replay_cost import ReplayCost
from prunescope.replay.replay_walk import ReplayWalk
from prunescope.replay.schedule import Schedule, Stop, schedule
from prunescope.replay.taken_batches import Answered, TakenBatches
from prunescope.replay.time_spent import MAKING, SCORING, TimeSpent
from prunescope.replay.variant import Variant, build_variant
from prunescope.sources.metrics import Metric
from prunescope.study.point import Point

PointOrDense = Point | None
"""A point, or None for the dense network."""
Found = tuple[PointOrDense, Outcome | CannotPrune]
DENSE: Final[Key] = ("dense", "")
_AHEAD: Final = 2
"""Points that are in progress: while one runs, the next one's weights are prepared."""
Later = Callable[[], Outcome]
"""What gives the outcome of one batch once it is in main memory."""


@dataclass
class ChunkRunner:
    """Runs points on chunks of samples, and counts operations and time.

    Attributes:
        points: Makes the variants.
        metric: The score.
        batch: Samples that go through a suffix together, at most; less where memory ran out.
        precision: That points are computed in; the dense network alone always in single precision.
        work: The multiply-accumulates so far.
        spent: Time by operator.
    """

    points: Points
    metric: Metric
    batch: int
    precision: str = FP32
    work: ReplayCost = field(default_factory=ReplayCost)
    spent: TimeSpent = field(default_factory=TimeSpent)
    _macs: dict[Point, int] = field(default_factory=dict)

    def plan(self, requested: tuple[PointOrDense, ...]) -> Schedule[Key]:
        """Return the walk that stops where each of ``requested`` begins to differ."""
        flow = self.points.flow
        cones = {
            self._key(point): 1 << flow.output
            if point is None
            else self.points.cone(self._key(point))
            for point in requested
        }
        return schedule(flow, cones)

    def steps(
        self, planned: Schedule[Key], requested: tuple[PointOrDense, ...]
    ) -> Iterator[Step[PointOrDense]]:
        """Yield ``requested`` in the order of the walk, with what each and the walk takes."""
        front = 0
        for stop in planned.stops:
            front += self.points.macs(stop.compute)
            behind = self.points.macs(node_numbers(stop.cone))
            for point in requested:
                if self._key(point) == stop.subject:
                    yield Step(point, behind, front)

    def run(
        self,
        lanes: Lanes,
        recovery: str,
        planned: Schedule[Key],
        batches: TakenBatches,
        requested: tuple[PointOrDense, ...],
        claim: Callable[[Point], bool],
    ) -> Iterator[Found]:
        """Yield what each of ``requested`` gives on ``batches``, in the order of the walk.

        Points that ``claim`` says False of are left out.
        """
        samples, base = batches.samples, self.points.base(recovery)
        ahead = _AHEAD if lanes.count > 1 or device_of(base.values()) != HOST else 1
        precision = FP32 if requested == (None,) else self.precision
        around = partial(computing_in, precision, device_of(base.values()))
        walk = ReplayWalk(
            self.points.flow, base, planned, batches, to_layout=self.points.to_layout,
            spent=self.spent, around=around,
        )  # fmt: skip
        for stop in walk.stops(lanes):
            self.work += ReplayCost(executed=self.points.macs(stop.compute) * samples)
            running: deque[tuple[PointOrDense, list[Future[Later]]]] = deque()
            for point in (point for point in requested if self._key(point) == stop.subject):
                if point is not None and not claim(point):
                    continue
                started = perf_counter()
                try:
                    with point_faults() if point is not None else nullcontext():
                        variant = self._variant(point, recovery)
                    self.spent.add_one(MAKING, perf_counter() - started)
                    calls = (
                        partial(self._outcome, walk, point, variant, number, batch)
                        for number, batch in enumerate(batches.answers)
                    )
                    running.append((point, [lanes.submit(call) for call in calls]))
                except CannotPrune as reason:
                    yield point, reason
                    continue
                while len(running) >= ahead:
                    yield self._finished(stop, samples, *running.popleft())
            while running:
                yield self._finished(stop, samples, *running.popleft())

    def _variant(self, point: PointOrDense, recovery: str) -> Variant:
        if point is not None:
            return self.points.variant(point)
        flow, base = self.points.flow, self.points.base(recovery)
        return build_variant(flow, base, 1 << flow.output, flow.module.graph, {})

    def _outcome(
        self,
        walk: ReplayWalk[Key],
        point: PointOrDense,
        variant: Variant,
        number: int,
        batch: Answered,
    ) -> Later:
        faults = point_faults() if point is not None else nullcontext()
        with faults, model_runs(len(batch)):
            if number == 0 and point is not None and point not in self._macs:
                outputs, macs = walk.counted_outputs(0, variant)
                self._macs[point] = macs // len(batch)
            else:
                outputs = walk.outputs(number, variant)
        outputs = widened(outputs) if self.precision != FP32 else outputs
        started = perf_counter()
        outcome = outcome_later(outputs, batch, self.metric)
        self.spent.add_one(SCORING, perf_counter() - started)
        return outcome

    def _finished(
        self, stop: Stop[Key], samples: int, point: PointOrDense, running: list[Future[Later]]
    ) -> Found:
        try:
            outcome = join_outcomes([future.result()() for future in running])
        except CannotPrune as reason:
            return point, reason
        if point is not None:
            suffix = self._macs[point] * samples
            network_macs = suffix + self.points.before(stop.cone) * samples
            self.work += ReplayCost(suffix, network_macs, suffix)
        return point, outcome

    def _key(self, point: PointOrDense) -> Key:
        return DENSE if point is None else self.points.key(point)
