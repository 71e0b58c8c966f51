"""The interface of a sweep's engines, and the counts that all engines share.

An engine prunes one point at a time and returns the network's outcome on a run of samples; the
runner chooses points and samples, compares outcomes with the dense ones, and stores them.
"""

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from prunescope.bench.device import on_host
from prunescope.bench.evaluate import Outcome
from prunescope.bench.pruned import PruningMasks
from prunescope.bench.workbench import Workbench
from prunescope.capture.ragged import take_targets
from prunescope.errors import CannotPrune
from prunescope.study import sample_order
from prunescope.study.point import Point


@dataclass(frozen=True)
class Removed:
    """How much a point removes.

    Attributes:
        removed: Weights or units removed.
        total: Weights or units that there were.
        compressed_bytes: Of the pruned weight, deflated (zlib level 6), 0 when not taken.
    """

    removed: int
    total: int
    compressed_bytes: int


def every_point(_point: Point) -> bool:
    """Return True: this process is the only one at work."""
    return True


def always(_point: Point, _samples: int) -> bool:
    """Return True: nothing stops this process's work."""
    return True


class Engine(Protocol):
    """Evaluate points on runs of the study's sample order (``prunescope.study.sample_order``).

    Attributes:
        claim: Asked right before a point is pruned; where it says False, the point is left out
            without a word. What it once said of a point holds until the iterator ends.
        go_on: Told of a point how many more of its samples are evaluated, where that takes several
            parts; where it says False, points that are not finished are left out.
    """

    claim: Callable[[Point], bool]
    go_on: Callable[[Point, int], bool]

    def outcomes(
        self, start: int, stop: int, points: Sequence[Point]
    ) -> Iterator[tuple[Point, Outcome | CannotPrune]]:
        """Yield, in any order, what each point gives on the samples ``order[start:stop]``.

        Every point is pruned alone, the rest stays dense. A point that cannot be pruned yields the
        reason. Whenever a point is yielded or the iterator is dropped, the bench is unchanged.
        """

    def dense(self, recovery: str, start: int, stop: int) -> Outcome:
        """Return what the dense network gives after the same recovery, on the same samples.

        Where the recovery leaves it as it is, that is the baseline, which is not evaluated again.
        """

    def about(self, point: Point) -> Removed:
        """Return how much ``point`` removes; available once its outcome was yielded."""

    @property
    def spent(self) -> str:
        """The largest shares of the time so far, in one line; empty where they are not counted."""


def order(bench: Workbench) -> Tensor:
    """Return the indices of the validation samples in the study's order, ``(n,)`` int64."""
    count = len(bench.splits.validation)
    return torch.from_numpy(sample_order(bench.manifest.fingerprint, count))


def ordered_targets(bench: Workbench) -> Tensor | None:
    """Return the validation samples' labels, if there are any, in the study's order."""
    return bench.metric.labels(take_targets(bench.splits.validation.targets, order(bench)))


def removed(chosen: PruningMasks, module: nn.Module) -> Removed:
    """Return how much ``chosen``, applied to ``module``, removes."""
    keep = next(iter((*chosen.masks.values(), *chosen.units.values())))
    compressed = sum(deflated_bytes(module, name) for name in chosen.masks)
    return Removed(keep.numel() - int(keep.sum()), keep.numel(), compressed)


def deflated_bytes(module: nn.Module, parameter: str) -> int:
    """Return the bytes of a weight after deflate (zlib, level 6)."""
    weight = on_host(module.get_parameter(parameter)).flatten()
    return len(zlib.compress(weight.view(torch.uint8).numpy().tobytes(), 6))
