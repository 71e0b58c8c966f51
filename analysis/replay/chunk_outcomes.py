"""One walk over some samples: every point's outcome on them."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import Final

from prunescope.bench.evaluate import Outcome, join_outcomes, outcome_of
from prunescope.errors import CannotPrune
from prunescope.replay.frontier_memory import batches, model_errors
from prunescope.replay.lanes import Lanes
from prunescope.replay.point_variants import Key, Points
from prunescope.replay.replay_cost import ReplayCost
from prunescope.replay.replay_walk import ReplayWalk
from prunescope.replay.schedule import Schedule, Stop, schedule
from prunescope.replay.time_spent import MAKING, SCORING, Spent
from prunescope.replay.variant import Variant, build_variant
from prunescope.sources.data import Samples
from prunescope.sources.metrics import Metric
from prunescope.study.point import Point

Asked = Point | None
"""A point, or None for the dense network."""
Found = tuple[Asked, Outcome | CannotPrune]
DENSE: Final[Key] = ("dense", "")
_AHEAD: Final = 2
"""Points in the lanes at once: while one runs, the next one's weights are made."""


@dataclass
class Parts:
    """Runs points on parts of the samples, and counts what that took.

    Attributes:
        points: Makes the variants.
        metric: The score.
        batch: Samples that go through a suffix together.
        work: The multiply-accumulates so far.
        spent: Where the time went.
    """

    points: Points
    metric: Metric
    batch: int
    work: ReplayCost = field(default_factory=ReplayCost)
    spent: Spent = field(default_factory=Spent)
    _macs: dict[Point, int] = field(default_factory=dict)

    def plan(self, asked: tuple[Asked, ...]) -> Schedule[Key]:
        """Return the walk that stops where each of ``asked`` begins to differ."""
        flow = self.points.flow
        cones = {
            self._key(each): 1 << flow.output if each is None else self.points.cone(self._key(each))
            for each in asked
        }
        return schedule(flow, cones)

    def run(
        self,
        lanes: Lanes,
        recovery: str,
        planned: Schedule[Key],
        samples: Samples,
        asked: tuple[Asked, ...],
    ) -> Iterator[Found]:
        """Yield what each of ``asked`` gives on ``samples``, in the order of the walk."""
        runs = [samples.chunk(*edges) for edges in batches(len(samples), self.batch)]
        base = self.points.base(recovery)
        inputs = [batch.inputs for batch in runs]
        walk = ReplayWalk(
            self.points.flow, base, planned, inputs, lay=self.points.lay, spent=self.spent
        )  # fmt: skip
        self.work += ReplayCost(bound=self.points.cost.macs * len(samples))
        for stop in walk.stops(lanes):
            self.work += ReplayCost(executed=self.points.macs(stop.compute) * len(samples))
            running: deque[tuple[Asked, list[Future[Outcome]]]] = deque()
            for each in (each for each in asked if self._key(each) == stop.subject):
                began = perf_counter()
                try:
                    variant = self._variant(each, recovery)
                    self.spent.add_one(MAKING, perf_counter() - began)
                except CannotPrune as reason:
                    yield each, reason
                    continue
                calls = (
                    partial(self._outcome, walk, each, variant, number, batch)
                    for number, batch in enumerate(runs)
                )
                running.append((each, [lanes.submit(call) for call in calls]))
                while len(running) >= (_AHEAD if lanes.count > 1 else 1):
                    yield self._finished(stop, len(samples), *running.popleft())
            while running:
                yield self._finished(stop, len(samples), *running.popleft())

    def _variant(self, asked: Asked, recovery: str) -> Variant:
        if asked is not None:
            return self.points.variant(asked)
        flow, base = self.points.flow, self.points.base(recovery)
        return build_variant(flow, base, 1 << flow.output, flow.module.graph, {})

    def _outcome(
        self,
        walk: ReplayWalk[Key],
        asked: Asked,
        variant: Variant,
        number: int,
        batch: Samples,
    ) -> Outcome:
        with model_errors(len(batch)):
            if number == 0 and asked is not None and asked not in self._macs:
                outputs, macs = walk.counted_outputs(0, variant)
                self._macs[asked] = macs // len(batch)
            else:
                outputs = walk.outputs(number, variant)
        began = perf_counter()
        outcome = outcome_of(outputs, batch, self.metric)
        self.spent.add_one(SCORING, perf_counter() - began)
        return outcome

    def _finished(
        self, stop: Stop[Key], samples: int, asked: Asked, running: list[Future[Outcome]]
    ) -> Found:
        outcome = join_outcomes([future.result() for future in running])
        if asked is not None:
            suffix = self._macs[asked] * samples
            whole = suffix + self.points.before(stop.cone) * samples
            self.work += ReplayCost(suffix, whole, suffix)
        return asked, outcome

    def _key(self, asked: Asked) -> Key:
        return DENSE if asked is None else self.points.key(asked)
