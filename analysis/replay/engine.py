"""What a sweep's engine has to do, and the plain loop that does it: the reference for all others.

An engine prunes one point at a time and says what the network gives for a run of samples; the
runner decides which points and which samples, compares, and stores.
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from prunescope.bench.evaluate import Outcome, evaluate
from prunescope.bench.pruned import Selection, select_one, selected
from prunescope.bench.workbench import Workbench
from prunescope.criteria.scores import Scores
from prunescope.errors import CannotPrune
from prunescope.recovery import MOVES_DENSE, recovered
from prunescope.sources.samples import Samples
from prunescope.study import sample_order
from prunescope.sweep.work_list import Point


@dataclass(frozen=True)
class Removed:
    """What a point takes away.

    Attributes:
        removed: Weights or units removed.
        total: Weights or units that there were.
        compressed_bytes: Of the pruned weight, deflated (zlib level 6), 0 when not taken.
    """

    removed: int
    total: int
    compressed_bytes: int


class Engine(Protocol):
    """Evaluate points on runs of the study's sample order (``prunescope.study.sample_order``)."""

    def outcomes(
        self, start: int, stop: int, points: Sequence[Point]
    ) -> Iterator[tuple[Point, Outcome | CannotPrune]]:
        """Yield, in any order, what each point gives on the samples ``order[start:stop]``.

        Every point is pruned alone, the rest stays dense. A point that cannot be had yields why.
        Nothing of the bench has changed when a point is yielded or the iterator is dropped.
        """

    def dense(self, recovery: str, start: int, stop: int) -> Outcome:
        """Return what the dense network gives after the same recovery, on the same samples.

        Where the recovery leaves it as it is, that is the baseline, which is not evaluated again.
        """

    def about(self, point: Point) -> Removed:
        """Return what ``point`` takes away; known once its outcome was yielded."""

    @property
    def spent(self) -> str:
        """What took most of the time so far, in one line; nothing where that is not counted."""


class NaiveEngine:
    """The plain loop: prune, evaluate the whole network, take it back. Implements ``Engine``.

    Units are really removed: their points are evaluated on the smaller network.
    """

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._scores = Scores(bench.network, bench.splits.calibration, bench.groups)
        self._order = order(bench)
        self._about: dict[Point, Removed] = {}
        self._dense: dict[tuple[str, int, int], Outcome] = {}

    def outcomes(
        self, start: int, stop: int, points: Sequence[Point]
    ) -> Iterator[tuple[Point, Outcome | CannotPrune]]:
        """Yield the points in the given order; the network's weights are back after each."""
        samples = self._samples(start, stop)
        for point in points:
            try:
                outcome: Outcome | CannotPrune = self._outcome(point, samples)
            except CannotPrune as reason:
                outcome = reason
            yield point, outcome

    def dense(self, recovery: str, start: int, stop: int) -> Outcome:
        """Return the dense network's outcome, evaluated once and kept until other samples come."""
        key = (recovery, start, stop)
        if key not in self._dense:
            self._dense = {k: kept for k, kept in self._dense.items() if k[1:] == key[1:]}
            self._dense[key] = self._dense_outcome(recovery, start, stop)
        return self._dense[key]

    def about(self, point: Point) -> Removed:
        """Return what ``point`` takes away."""
        return self._about[point]

    @property
    def spent(self) -> str:
        """Nothing: the plain loop is what others are compared with."""
        return ""

    def _outcome(self, point: Point, samples: Samples) -> Outcome:
        bench = self._bench
        chosen = select_one(self._scores, point.subject, point.method, point.sparsity, point.seed)
        recovery = point.recovery
        with (
            selected(bench.network, chosen) as module,
            recovered(bench, recovery, module, chosen),
        ):
            if point not in self._about:
                self._about[point] = removed(chosen, module)
            return self._evaluate(module, samples)

    def _dense_outcome(self, recovery: str, start: int, stop: int) -> Outcome:
        bench = self._bench
        if recovery not in MOVES_DENSE:
            return bench.dense.picked(self._order[start:stop])
        with recovered(bench, recovery):
            return self._evaluate(bench.network.module, self._samples(start, stop))

    def _samples(self, start: int, stop: int) -> Samples:
        return self._bench.splits.validation.picked(self._order[start:stop])

    def _evaluate(self, module: nn.Module, samples: Samples) -> Outcome:
        return evaluate(module, samples, self._bench.metric, self._bench.batch)


def order(bench: Workbench) -> Tensor:
    """Return the indices of the validation samples in the study's order, ``(n,)`` int64."""
    count = len(bench.splits.validation)
    return torch.from_numpy(sample_order(bench.manifest.fingerprint, count))


def removed(chosen: Selection, module: nn.Module) -> Removed:
    """Return what ``chosen``, applied to ``module``, takes away."""
    keep = next(iter((*chosen.masks.values(), *chosen.units.values())))
    compressed = sum(deflated(module, name) for name in chosen.masks)
    return Removed(keep.numel() - int(keep.sum()), keep.numel(), compressed)


def deflated(module: nn.Module, parameter: str) -> int:
    """Return the bytes of a weight after deflate (zlib, level 6)."""
    weight = module.get_parameter(parameter).detach().cpu().flatten()
    return len(zlib.compress(weight.view(torch.uint8).numpy().tobytes(), 6))
