"""A batch to train on, and what gives batches: to a place in a training, the same ones again."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from prunescope.capture.graph import Inputs, batch_size
from prunescope.recovery.training.training_curve import StreamPlace
from prunescope.sources.data import Samples


@dataclass(frozen=True)
class Batch:
    """Samples of one forward pass in training.

    Attributes:
        inputs: A tensor, a tuple or a dict; dimension 0 counts samples.
        targets: As the study's loss takes them, or None.
        rows: Their places in the calibration split, where they are just those; else None.
    """

    inputs: Inputs
    targets: Any = None
    rows: Tensor | None = None

    def __len__(self) -> int:
        return batch_size(self.inputs)


class Feed(Protocol):
    """What gives a training its batches.

    Attributes:
        steps: Of an epoch.
    """

    steps: int

    def step(self, number: int) -> list[Batch]:
        """Return the batches of step ``number``, from 0; steps are asked for in order."""

    def place(self) -> StreamPlace | None:
        """Return where it stands, or None where a step's number says that."""

    def go_on(self, place: StreamPlace | None) -> None:
        """Move a fresh feed to where an earlier one stood."""

    def rewind(self) -> None:
        """Begin anew."""

    def notes(self) -> tuple[str, ...]:
        """Return sentences on what somebody should know of the data."""


class SplitFeed:
    """The study's own calibration split, shuffled anew in each pass."""

    def __init__(
        self,
        samples: Samples,
        batch: int,
        accumulate: int,
        seed: int,
        epoch_steps: int | None = None,
        augment: Callable[[Batch, int, int], Batch] | None = None,
    ) -> None:
        """Begin before the first step.

        Args:
            samples: Of the split.
            batch: Samples per batch at most; those of a pass differ by one at most.
            accumulate: Batches per step.
            seed: Of the order.
            epoch_steps: Of an epoch; None for those of a pass.
            augment: Changes samples, or None.
        """
        self._samples, self._accumulate, self._seed = samples, accumulate, seed
        self._augment = augment
        self._per_pass = math.ceil(len(samples) / (batch * accumulate))
        self.steps = epoch_steps or self._per_pass
        self._order: tuple[int, tuple[Tensor, ...]] = (-1, ())

    def step(self, number: int) -> list[Batch]:
        """Return the batches of step ``number``."""
        passed, place = divmod(number, self._per_pass)
        if self._order[0] != passed:
            drawn = torch.Generator().manual_seed(self._seed + passed * 1_000_003)
            order = torch.randperm(len(self._samples), generator=drawn)
            # Of nearly equal size: batch norm cannot train on a last one of a single sample.
            self._order = (passed, order.tensor_split(self._per_pass))
        chosen = self._order[1][place]
        parts = chosen.tensor_split(min(self._accumulate, max(len(chosen) // 2, 1)))
        batches = []
        for part, rows in enumerate(parts):
            some = self._samples.picked(rows)
            batch = Batch(some.inputs, some.targets, rows)
            batches.append(self._augment(batch, number, part) if self._augment else batch)
        return batches

    def place(self) -> None:
        """Return None: a step's number says all."""

    def go_on(self, place: StreamPlace | None) -> None:
        """Do nothing: a step's number says all."""

    def rewind(self) -> None:
        """Do nothing: a step's number says all."""

    def notes(self) -> tuple[str, ...]:
        """Return nothing to be said."""
        return ()
