"""The most that a replayed sweep executes, and what the plain loop takes for the same points.

Both count what ``replay.replay_cost`` counts, point by point: the smaller networks that units
leave, the passes over calibration samples that a recovery takes, and the dense walks. Torch-free.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Final

from prunescope.study import Manifest, doubling
from prunescope.study.method import UNITS
from prunescope.study.network_size import frees
from prunescope.study.point import Point
from prunescope.study.recoveries import (
    CALIBRATED,
    FITTED,
    KEPT_BYTES,
    MOVES_DENSE,
    REFITS,
    TRAINING_BATCH,
    TRAINING_STEPS,
    TRAINS,
    WALKED_AGAIN,
    refitted,
)
from prunescope.study.removed_counts import removed_count
from prunescope.sweep.work_behind import own_weights, suffix_macs, weights_behind
from prunescope.sweep.work_order import PILOT_CHUNKS, pilots

_WALKS: Final = 2
"""Walks of the points that are no pilots: the uncertain ones go first, the others follow."""


class MostExecuted:
    """Counts multiply-accumulates of points that lack samples, before they run.

    Memory that runs out, and other sweeps of the same study, are left out of account.
    """

    def __init__(self, manifest: Manifest, left: Mapping[Point, int]) -> None:
        """Prepare to count.

        Args:
            manifest: Of the dense network.
            left: The samples that each point lacks.
        """
        self._manifest, self._left = manifest, left
        self._population = manifest.splits.get("validation", 0)
        self._ends = doubling(self._population)
        behind = suffix_macs(manifest)
        unowned = max(manifest.macs - sum(layer.macs for layer in manifest.layers), 0)
        self._dense: Callable[[str], int] = lambda subject: behind(subject) + unowned
        self._freed = cache(lambda name, units: frees(manifest, name, units)[1])
        calibration = manifest.splits.get("calibration", 0)
        self._estimated = min(calibration, CALIBRATED)
        width = manifest.activation_bytes
        self._refitted = {
            name: refitted(calibration, width, CALIBRATED if name == "ls" else FITTED)
            for name in REFITS
        }

    def plain(self) -> int:
        """Return what the plain loop takes: each point's whole network, and its recovery."""
        macs = self._manifest.macs
        total = 0
        for point, samples in self._left.items():
            own = macs - self._freed_by(point)
            total += own * samples
            if point.recovery in MOVES_DENSE:
                total += own * self._estimated
            elif point.recovery in REFITS:
                total += self._refit(point)
        return total

    def replayed(self, budgeted: bool) -> int:
        """Return the most that replay executes.

        Args:
            budgeted: Whether points are finished in small groups, down to one at a time.
        """
        by_recovery: dict[str, list[Point]] = {}
        for point in self._left:
            by_recovery.setdefault(point.recovery, []).append(point)
        ahead = set(self._left) if budgeted else self._ahead()
        kept = self._all_kept()
        total = sum(
            self._refit(point) * (1 if kept else self._chunks(point))
            for point in self._left
            if point.recovery in REFITS
        )
        for recovery, points in by_recovery.items():
            alone = [point for point in points if point in ahead]
            others = [point for point in points if point not in ahead]
            total += sum(self._suffix(point) * self._left[point] for point in points)
            # Where memory is short for a round's frontier, its points walk in several groups.
            total += sum(self._dense(p.subject) * self._left[p] for p in points) // WALKED_AGAIN
            total += sum(
                self._front([p]) * (self._left[p] if budgeted else self._piloted(p)) for p in alone
            )
            later = points if not budgeted else []
            most = max((self._left[p] - (p in ahead) * self._piloted(p) for p in later), default=0)
            walks = min(_WALKS, len(later))
            total += walks * self._front(later) * (most + self._between(later))
            if recovery in MOVES_DENSE:
                total += self._estimates(points, alone, others)
        return total

    def _estimates(
        self, points: Sequence[Point], alone: Sequence[Point], others: Sequence[Point]
    ) -> int:
        """The statistics of every point, and the moved dense network's outcomes."""
        starts = {self._population - self._left[point] for point in others}
        walks = min(len(others), sum(1 if start == 0 else _WALKS for start in starts))
        own = sum(map(self._suffix, points)) + sum(self._front([point]) for point in alone)
        samples = max(self._left[point] for point in points) + self._between(points)
        return (own + walks * self._front(others)) * self._estimated + (
            samples * self._manifest.macs
        )

    def _ahead(self) -> set[Point]:
        """The points that run alone at first; see ``runner``."""
        fresh = [point for point, left in self._left.items() if left == self._population]
        return set(pilots(fresh or list(self._left), self._manifest))

    def _piloted(self, point: Point) -> int:
        """Samples on which ``point`` runs alone."""
        start = self._population - self._left[point]
        ends = [end for end in self._ends if end > start][:PILOT_CHUNKS]
        return ends[-1] - start if ends else 0

    def _between(self, points: Sequence[Point]) -> int:
        """Samples of chunks that begin where no usual chunk does, as another mode stopped there."""
        starts = {self._population - self._left[point] for point in points}
        odd = starts - {0, *self._ends}
        return sum(min(end for end in self._ends if end > start) - start for start in odd)

    def _freed_by(self, point: Point) -> int:
        """Multiply-accumulates of one sample that leave with the units of ``point``."""
        if point.method.granularity not in UNITS:
            return 0
        units = self._manifest.group(point.subject).units
        return self._freed(point.subject, removed_count(units, point.sparsity))

    def _suffix(self, point: Point) -> int:
        """Of one sample behind ``point``, in its smaller network; what no layer owns may count."""
        return max(self._dense(point.subject) - self._freed_by(point), 0)

    def _front(self, points: Sequence[Point]) -> int:
        """The dense walk up to where the last of ``points`` begins to differ, for one sample."""
        behind = min((self._dense(point.subject) for point in points), default=0)
        return max(self._manifest.macs - behind, 0) if points else 0

    def _refit(self, point: Point) -> int:
        macs = self._dense(point.subject) * self._refitted[point.recovery]
        if point.recovery in TRAINS:  # forwards, and twice as much backwards
            macs += 3 * TRAINING_STEPS * TRAINING_BATCH * self._manifest.macs
        return macs

    def _all_kept(self) -> bool:
        """Whether all pruned weights are kept; they are made again in every chunk otherwise."""
        manifest = self._manifest
        behind, own = weights_behind(manifest), own_weights(manifest)
        width = max((tensor.width for tensor in manifest.tensors), default=4)
        elements = sum(
            (behind if point.recovery in REFITS else own)(point.subject) for point in self._left
        )
        return width * elements <= KEPT_BYTES

    def _chunks(self, point: Point) -> int:
        start = self._population - self._left[point]
        return sum(end > start for end in self._ends)
