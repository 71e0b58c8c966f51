"""Batches of samples in a sweep's order, copied out of the split only while they are read."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from torch import Tensor

from prunescope.capture.graph import Inputs, take
from prunescope.capture.ragged import take_targets
from prunescope.sources.data import Samples


@dataclass(frozen=True)
class Answered:
    """What is known of the answers to one batch.

    Attributes:
        count: Samples.
        targets: In main memory, as ``Samples`` has them.
    """

    count: int
    targets: Any

    def __len__(self) -> int:
        return self.count


class TakenBatches:
    """Runs of an order of samples; inputs are taken anew each time that somebody asks for them.

    So nothing holds inputs any longer than a walk reads them.
    """

    def __init__(self, samples: Samples, order: Tensor, runs: Sequence[range]) -> None:
        """Prepare to take.

        Args:
            samples: Of a split, in main memory.
            order: ``(n,)`` int64, their places.
            runs: From where to where in ``order`` each batch goes.
        """
        self._samples, self._order, self._runs = samples, order, runs

    def __len__(self) -> int:
        return len(self._runs)

    def __getitem__(self, number: int) -> Inputs:
        return take(self._samples.inputs, self._rows(number))

    @property
    def samples(self) -> int:
        """In all batches together."""
        return sum(map(len, self._runs))

    @cached_property
    def answers(self) -> tuple[Answered, ...]:
        """The answers of each batch."""
        return tuple(
            Answered(len(run), take_targets(self._samples.targets, self._rows(number)))
            for number, run in enumerate(self._runs)
        )

    def _rows(self, number: int) -> Tensor:
        run = self._runs[number]
        return self._order[run.start : run.stop]
