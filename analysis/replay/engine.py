"""What a sweep's engine has to do, and what every engine counts alike.

An engine prunes one point at a time and says what the network gives for a run of samples; the
runner decides which points and which samples, compares, and stores.
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from prunescope.bench.evaluate import Outcome
from prunescope.bench.pruned import PruningMasks
from prunescope.bench.workbench import Workbench
from prunescope.errors import CannotPrune
from prunescope.study import sample_order
from prunescope.study.point import Point


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


def order(bench: Workbench) -> Tensor:
    """Return the indices of the validation samples in the study's order, ``(n,)`` int64."""
    count = len(bench.splits.validation)
    return torch.from_numpy(sample_order(bench.manifest.fingerprint, count))


def removed(chosen: PruningMasks, module: nn.Module) -> Removed:
    """Return what ``chosen``, applied to ``module``, takes away."""
    keep = next(iter((*chosen.masks.values(), *chosen.units.values())))
    compressed = sum(deflated_bytes(module, name) for name in chosen.masks)
    return Removed(keep.numel() - int(keep.sum()), keep.numel(), compressed)


def deflated_bytes(module: nn.Module, parameter: str) -> int:
    """Return the bytes of a weight after deflate (zlib, level 6)."""
    weight = module.get_parameter(parameter).detach().cpu().flatten()
    return len(zlib.compress(weight.view(torch.uint8).numpy().tobytes(), 6))
