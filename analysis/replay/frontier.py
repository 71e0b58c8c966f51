"""The frontier engine: per chunk of samples, the part that all points share is computed once."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial

from torch import Tensor

from prunescope.bench.device import (
    HOST,
    device_of,
    drop_cached_memory,
    parallel_calls,
    queues,
)
from prunescope.bench.device_batch import halved
from prunescope.bench.evaluate import Outcome, evaluate, join_outcomes
from prunescope.bench.workbench import Workbench
from prunescope.capture.graph import take
from prunescope.capture.ragged import take_targets
from prunescope.errors import BadValue, CannotPrune
from prunescope.recovery import MOVES_DENSE
from prunescope.replay.batch_norm_replay import calibrate
from prunescope.replay.chunk_outcomes import ChunkRunner, Found, PointOrDense
from prunescope.replay.engine import Removed, always, every_point, order
from prunescope.replay.frontier_memory import HELD, batches, cut, frontier_memory, halves
from prunescope.replay.lanes import Lanes, open_lanes
from prunescope.replay.point_groups import FEWEST, point_groups
from prunescope.replay.point_variants import Key, Points
from prunescope.replay.replay_cost import ReplayCost
from prunescope.replay.schedule import Schedule, frontier_bytes
from prunescope.replay.taken_batches import TakenBatches
from prunescope.replay.threads import Chooser
from prunescope.replay.waiting_outcomes import WaitingOutcomes
from prunescope.sources.data import Samples
from prunescope.study.point import Point
from prunescope.study.recoveries import REFITS
from prunescope.user_code.memory import out_of_memory


class FrontierEngine:
    """Walk the graph once per chunk of samples, and run every point from the node where it differs.

    Implements ``Engine``. The dense network is computed step by step; at the first node that a
    point changes, the point's suffix runs on the tensors that are alive there. Units run their
    smaller suffix. Nothing writes to the network. Outcomes are those of the plain loop in batches
    of ``bench.batch``, whatever the points, their order and the number of lanes.
    """

    def __init__(
        self,
        bench: Workbench,
        lanes: int | None = None,
        memory: int | None = None,
        sample_order: Tensor | None = None,
    ) -> None:
        """Prepare to replay.

        Args:
            bench: Its network must be captured.
            lanes: Suffixes that run at the same time, each on one thread; None for as many as
                torch has threads now (one on another device, whose queue keeps it busy), or for
                fewer lanes of more threads where a long sweep found them faster.
            memory: Bytes that the frontier may take; None for that of a few batches, and no more
                than a share of what is free.
            sample_order: ``(n,)`` in which order samples come; None for the study's.
        """
        self.claim: Callable[[Point], bool] = every_point
        self.go_on: Callable[[Point, int], bool] = always
        network = bench.network
        assert network.captured is not None
        assert network.cost is not None
        self._points = Points(bench, network.captured, network.cost)
        self._device = device = device_of(self._points.flow.tensors.values())
        self._parts = ChunkRunner(self._points, bench.metric, bench.batch, bench.precision)
        self._bench = bench
        self._order = order(bench) if sample_order is None else sample_order
        self._machine = Chooser(lanes or parallel_calls(device))
        self._fixed = lanes is not None
        self._memory = memory or frontier_memory(device)
        self._held = HELD if memory is None and device == HOST else len(self._order)
        self._dense: dict[tuple[str, int, int], Outcome] = {}

    @property
    def work(self) -> ReplayCost:
        """The multiply-accumulates so far."""
        return self._parts.work + self._points.work

    @property
    def spent(self) -> str:
        """What took most of the lanes' time so far, in one line, and how the lanes were chosen.

        Nothing where operators return before they are done.
        """
        if queues(self._device):
            return ""
        return "; ".join(filter(None, (self._parts.spent.line(), self._machine.summary)))

    def outcomes(
        self, start: int, stop: int, points: Sequence[Point]
    ) -> Iterator[tuple[Point, Outcome | CannotPrune]]:
        """Yield points as they finish, starting with those that change the earliest nodes."""
        if not self._fixed:
            self._settle((stop - start) * len(points))
        with self._open() as lanes:
            for recovery in dict.fromkeys(point.recovery for point in points):
                requested = tuple(dict.fromkeys(p for p in points if p.recovery == recovery))
                for point, outcome in self._recovery(lanes, recovery, start, stop, requested):
                    if point is not None:
                        yield point, outcome

    def dense(self, recovery: str, start: int, stop: int) -> Outcome:
        """Return the dense network's outcome after ``recovery``, evaluated once for these samples.

        Raises:
            CannotPrune: The recovery has nothing to do on this network.
        """
        key = (recovery, start, stop)
        if key not in self._dense:
            outcome = self._dense_outcome(recovery, start, stop)
            self._dense = {  # evaluated ones take no more than the baseline: chunks do not overlap
                k: cached
                for k, cached in self._dense.items()
                if k[0] in MOVES_DENSE or k[1:] == key[1:]
            }
            self._dense[key] = outcome
        return self._dense[key]

    def about(self, point: Point) -> Removed:
        """Return what ``point`` takes away; known once its outcome was yielded."""
        return self._points.about(point)

    def _dense_outcome(self, recovery: str, start: int, stop: int) -> Outcome:
        if recovery not in MOVES_DENSE:
            return self._bench.dense.picked(self._order[start:stop])
        with self._open() as lanes:
            ((_, outcome),) = self._recovery(lanes, recovery, start, stop, (None,))
        if isinstance(outcome, CannotPrune):
            raise outcome
        return outcome

    def _open(self) -> AbstractContextManager[Lanes]:
        return open_lanes(self._machine.share.lanes, self._machine.share.threads)

    def _settle(self, samples: int) -> None:
        """Choose lanes and threads if ``samples`` are enough to pay for it; half of a pass each."""
        bench = self._bench
        some = self._samples(range(min(bench.batch, len(self._order))))
        self._machine.settle(
            partial(evaluate, bench.network.module, some, bench.metric, bench.batch),
            samples / max(1, len(some)) / 2,
        )

    def _recovery(
        self,
        lanes: Lanes,
        recovery: str,
        start: int,
        stop: int,
        requested: tuple[PointOrDense, ...],
    ) -> Iterator[Found]:
        """Outcomes of all points with one recovery, which share their dense network."""
        try:
            self._points.base(recovery)
        except CannotPrune as reason:
            yield from ((point, reason) for point in requested)
            return
        if recovery == "bn":
            pruned_points = [point for point in requested if point is not None]
            calibration = self._bench.splits.calibration
            self._parts.work += calibrate(
                self._points, pruned_points, calibration, lanes, self._memory, self._parts.spent
            )
        if self._device != HOST:  # choosing waits for the queue, which is empty now
            self._points.choose_masks(point for point in requested if point is not None)
        self._parts.work += ReplayCost(bound=self._points.cost.macs * (stop - start))
        edges = batches(stop - start, self._parts.batch)
        runs = [range(start + first, start + last) for first, last in edges]
        groups, held = self._groups(requested, recovery, runs, lanes.count)
        for group in groups:
            yield from self._group(lanes, recovery, group, runs, held)

    def _groups(
        self,
        requested: tuple[PointOrDense, ...],
        recovery: str,
        runs: Sequence[range],
        lanes: int,
    ) -> tuple[list[tuple[PointOrDense, ...]], int]:
        """Points that walk together, and how many of the batches ``runs`` they hold at a time.

        The frontier holds at most ``frontier_bytes`` for each sample: the sum of the tensors that
        are read at or after a stop, views counted as copies. Beside it there is one suffix of
        ``bench.batch`` samples in each lane, and what a group's points gave in earlier parts.
        """
        planned = self._parts.plan(requested)
        sizes = self._points.cost.output_bytes
        batch = self._parts.batch * max(1, frontier_bytes(self._points.flow, planned.stops, sizes))
        fitting = max(1, self._memory // batch)
        held = fitting
        if recovery not in REFITS:  # whose weights are dear: a part more might make them again
            held = min(fitting, self._held * lanes)
        if held >= len(runs) or len(requested) == 1:
            return [requested], held
        answers = max(1, self._bench.dense.bytes_per_sample * sum(map(len, runs)))
        groups = point_groups(
            self._parts.steps(planned, requested), FEWEST, max(1, self._memory // answers)
        )
        waiting = answers * max(map(len, groups))
        if waiting >= batch * (min(fitting, len(runs)) - held):  # which would save nothing
            held = fitting
        return ([requested] if held >= len(runs) else groups), held

    def _group(
        self,
        lanes: Lanes,
        recovery: str,
        requested: tuple[PointOrDense, ...],
        runs: Sequence[range],
        held: int,
    ) -> Iterator[Found]:
        """Outcomes of points that walk together over all ``runs``, ``held`` at a time."""
        planned = self._parts.plan(requested)
        parts: dict[PointOrDense, list[Outcome]] = {point: [] for point in requested}
        edges = batches(len(runs), held)
        waiting = WaitingOutcomes()
        if len(edges) > 1:
            drop_cached_memory(HOST)
            size = self._bench.dense.bytes_per_sample * sum(map(len, runs))
            waiting = WaitingOutcomes(size * len(parts), len(parts) * len(edges))
        for first, last in edges:
            for point, outcome in self._part(
                lanes, recovery, planned, runs[first:last], tuple(parts)
            ):
                if isinstance(outcome, CannotPrune):
                    del parts[point]
                    yield point, outcome
                    continue
                if last == len(runs):
                    yield point, join_outcomes([*parts.pop(point), outcome])
                    continue
                parts[point].append(waiting.keep(outcome))
                if point is not None and not self.go_on(point, len(outcome.score)):
                    return

    def _part(
        self,
        lanes: Lanes,
        recovery: str,
        planned: Schedule[Key],
        runs: Sequence[range],
        requested: tuple[PointOrDense, ...],
    ) -> Iterator[Found]:
        """Walk once over ``runs`` of the order; where memory runs out, over each half of them."""
        done = set()
        runs = [part for run in runs for part in cut(run, self._parts.batch)]
        taken = TakenBatches(self._bench.splits.validation, self._order, runs)
        try:
            for result in self._parts.run(lanes, recovery, planned, taken, requested, self.claim):
                done.add(result[0])
                yield result
            return
        except (RuntimeError, MemoryError) as error:
            lanes.rest()
            if not out_of_memory(error):
                raise
            if taken.samples <= 1 and self._device == HOST:
                raise BadValue(
                    "Expected memory for one sample at a time, but it ran out. Close other "
                    "programs, or study a smaller model."
                ) from error
            if self._device != HOST:
                self._parts.batch = halved(
                    min(self._parts.batch, taken.samples), self._device, error
                )
        self._memory = max(1, self._memory // 2)
        self._held = max(1, min(self._held, len(runs) // 2))
        left = tuple(point for point in requested if point not in done)
        one, other = halves(runs)
        first = dict(self._part(lanes, recovery, planned, one, left))
        second = self._part(lanes, recovery, planned, other, left)
        for point, outcome in second:
            before = first[point]
            both = not isinstance(before, CannotPrune) and not isinstance(outcome, CannotPrune)
            yield point, join_outcomes([before, outcome]) if both else outcome  # type: ignore[list-item]

    def _samples(self, rows: range) -> Samples:
        chosen = self._order[rows.start : rows.stop]
        validation = self._bench.splits.validation
        targets = validation.targets
        return Samples(take(validation.inputs, chosen), take_targets(targets, chosen))
