"""Batch-norm statistics of many pruned networks from one walk over the calibration samples.

The same numbers, bit for bit, as ``recovery.batch_norm.reestimate`` gives on the whole network:
norms in front of the first change keep the statistics of the dense network after its own
re-estimation, and only what follows is run again.
"""

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, fx

from prunescope.capture.graph import batch_size
from prunescope.errors import CannotPrune
from prunescope.recovery.batch_norm import SAMPLES, keeps_statistics, statistics_batches
from prunescope.replay.lanes import Lanes
from prunescope.replay.point_variants import Points
from prunescope.replay.program import ProgramStep
from prunescope.replay.replay_cost import ReplayCost
from prunescope.replay.replay_walk import ReplayWalk
from prunescope.replay.schedule import frontier_bytes, schedule
from prunescope.replay.time_spent import TimeSpent
from prunescope.replay.variant import Variant
from prunescope.sources.data import Samples
from prunescope.study.point import Point


class Averages:
    """The running statistics of one network while calibration batches pass, in order."""

    def __init__(self, tensors: Mapping[str, Any]) -> None:
        first: dict[int, str] = {}
        self._first = {name: first.setdefault(id(value), name) for name, value in tensors.items()}
        self._buffers: dict[str, Tensor] = {}
        self._calls: dict[str, int] = {}

    def recording(self, variant: Variant) -> Variant:
        """Return ``variant`` with batch norms that record each batch's statistics."""
        return replace(variant, steps=tuple(self._recording(step) for step in variant.steps))

    def by_target(self) -> dict[str, Tensor]:
        """Return the averages by ``get_attr`` target."""
        return {
            target: self._buffers[first]
            for target, first in self._first.items()
            if first in self._buffers
        }

    def _recording(self, step: ProgramStep) -> ProgramStep:
        if not keeps_statistics(step.node):
            return step
        buffers = (
            self._buffer(_target(step.node, argument_index), step.args[argument_index])
            for argument_index in (3, 4)
        )
        call = partial(self._norm, _target(step.node, 3))
        return replace(step, call=call, args=(*step.args[:3], *buffers, *step.args[5:]))

    def _buffer(self, target: str, original: Tensor) -> Tensor:
        first = self._first[target]
        if first not in self._buffers:
            self._buffers[first] = original.detach().clone()
        return self._buffers[first]

    def _norm(self, owner: str, *args: Any) -> Tensor:
        calls = self._calls[owner] = self._calls.get(owner, 0) + 1
        output: Tensor = torch.ops.aten.batch_norm.default(*args[:5], True, 1 / calls, *args[7:])
        return output


def calibrate(
    points: Points,
    requested: Iterable[Point],
    calibration: Samples,
    lanes: Lanes,
    memory: int,
    spent: TimeSpent,
) -> ReplayCost:
    """Fill ``points.statistics`` for every requested point that it lacks; return the work done.

    Args:
        points: Makes the variants.
        requested: Points with recovery ``bn``.
        calibration: Samples to re-estimate on.
        lanes: Where suffixes run, one point at a time on each.
        memory: Bytes that the frontier may take; one batch of calibration samples is always held,
            as a batch's statistics need all of its samples.
        spent: Counts the time by operator.
    """
    todo = [point for point in requested if point not in points.statistics]
    flow = points.flow
    plan = schedule(flow, {key: points.cone(key) for key in map(points.key, todo)})
    batches = list(statistics_batches(calibration.chunk(0, SAMPLES)))
    bytes_per_batch = frontier_bytes(flow, plan.stops, points.cost.output_bytes) * batch_size(
        batches[0]
    )
    held = max(1, memory // max(1, bytes_per_batch))
    work = ReplayCost()
    averages = {point: Averages(flow.tensors) for point in todo}
    for first in range(0, len(batches) if todo else 0, held):
        walk = ReplayWalk(
            flow, points.base("none"), plan, batches[first : first + held],
            to_layout=points.to_layout, dense_step=_with_batch_statistics, spent=spent,
        )  # fmt: skip
        work += ReplayCost(bound=points.cost.macs * walk.samples)
        for stop in walk.stops(lanes):
            work += ReplayCost(executed=points.macs(stop.compute) * walk.samples)
            stop_points = [point for point in todo if points.key(point) == stop.subject]
            passes = []
            for point in stop_points:
                with contextlib.suppress(CannotPrune):  # said where the point itself is measured
                    variant = points.variant(replace(point, recovery="none"))
                    if variant.from_inputs:
                        del averages[point]
                        continue
                    noting = averages[point].recording(variant)
                    passes.append(lanes.submit(partial(_run_batches, walk, noting)))
            for executed in [future.result() for future in passes]:
                before = points.before(stop.cone) * walk.samples
                work += ReplayCost(executed, executed + before, executed)
    statistics = {point: bytes_per_batch.by_target() for point, bytes_per_batch in averages.items()}
    points.statistics |= statistics
    return work


def _run_batches(walk: ReplayWalk[Any], variant: Variant) -> int:
    """Let all batches through, in order, and return the multiply-accumulates."""
    return sum(walk.counted_outputs(batch, variant)[1] for batch in range(walk.batches))


def _with_batch_statistics(step: ProgramStep) -> ProgramStep:
    """The step; a batch norm normalises by its batch's statistics, without recording them."""
    return replace(step, call=_by_batch) if keeps_statistics(step.node) else step


def _by_batch(*args: Any) -> Tensor:
    output: Tensor = torch.ops.aten.batch_norm.default(*args[:3], None, None, True, *args[6:])
    return output


def _target(node: fx.Node, argument_index: int) -> str:
    source = node.args[argument_index]
    assert isinstance(source, fx.Node)
    return str(source.target)
