"""How a training run went: readings, how far it came, and how its rate was chosen. Torch-free."""

from dataclasses import dataclass, field
from typing import Literal

Ending = Literal["finished", "cancelled", "diverged", "early", "exhausted"]
"""How a training ended: ``early`` for patience, ``exhausted`` where the user's data ended."""


@dataclass(frozen=True)
class Reading:
    """A point of the training's curve.

    Attributes:
        step: Steps done.
        epoch: The same in epochs.
        rate: Learning rate of the last step.
        loss: Mean training loss since the reading before; None before the first step.
        score: Mean score on the validation split, at an epoch's end; else None.
        seconds: Spent until then, validation included; of a clock, so no part of what two runs
            have in common.
    """

    step: int
    epoch: float
    rate: float
    loss: float | None = None
    score: float | None = None
    seconds: float = field(default=0.0, compare=False)


@dataclass(frozen=True)
class StreamPlace:
    """How far a user's own training data were read.

    Attributes:
        passes: Begun.
        read: Batches of the last pass.
        last: Hash of the last one's first sample.
        ended: Batches of a pass that ended before its announced length; 0 where none did.
        small: Batches of a single sample, which were left out.
        alike: Batches that began with the sample of the one before.
        moved: Whether other batches came when it was begun again.
    """

    passes: int = 0
    read: int = 0
    last: str = ""
    ended: int = 0
    small: int = 0
    alike: int = 0
    moved: bool = False


@dataclass(frozen=True)
class Progressed:
    """How far a training run has come.

    Attributes:
        step: Steps done.
        best_epoch: The epoch with the best validation score so far.
        best_score: That score.
        curve: Readings in order.
        place: Of the user's own training data; None for the calibration split.
    """

    step: int
    best_epoch: int
    best_score: float
    curve: tuple[Reading, ...]
    place: StreamPlace | None = None


@dataclass(frozen=True)
class RangeTest:
    """A short run in which the rate climbed, to choose one.

    Attributes:
        steps: Taken.
        first: Rate of the first step.
        last: Rate of the last step.
        chosen: Rate at which the smoothed loss was least, which is trained with.
        spoilt: Whether it ended because the loss had grown.
        seconds: That it took; of a clock.
    """

    steps: int
    first: float
    last: float
    chosen: float
    spoilt: bool
    seconds: float = field(default=0.0, compare=False)

    def sentence(self) -> str:
        """Return what was tried and what was chosen."""
        end = "where the loss had grown by half" if self.spoilt else "the last one tried"
        return (
            f"The rate {self.chosen:g} was chosen by a range test of {self.steps} steps from "
            f"{self.first:g} to {self.last:.2g}, {end}: the loss was least there."
        )
