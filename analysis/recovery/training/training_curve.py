"""How a training run went: readings, how far it came, and how its rate was chosen. Torch-free."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Reading:
    """A point of the training's curve.

    Attributes:
        step: Steps done.
        epoch: The same in epochs.
        rate: Learning rate of the last step.
        loss: Mean training loss since the reading before; None before the first step.
        score: Mean score on the validation split, at an epoch's end; else None.
    """

    step: int
    epoch: float
    rate: float
    loss: float | None = None
    score: float | None = None


@dataclass(frozen=True)
class Progressed:
    """How far a training run has come.

    Attributes:
        step: Steps done.
        best_epoch: The epoch with the best validation score so far.
        best_score: That score.
        curve: Readings in order.
    """

    step: int
    best_epoch: int
    best_score: float
    curve: tuple[Reading, ...]


@dataclass(frozen=True)
class RangeTest:
    """A short run in which the rate climbed, to choose one.

    Attributes:
        steps: Taken.
        first: Rate of the first step.
        last: Rate of the last step.
        chosen: Rate at which the smoothed loss was least, which is trained with.
        spoilt: Whether it ended because the loss had grown.
    """

    steps: int
    first: float
    last: float
    chosen: float
    spoilt: bool

    def sentence(self) -> str:
        """Return what was tried and what was chosen."""
        end = "where the loss had grown by half" if self.spoilt else "the last one tried"
        return (
            f"The rate {self.chosen:g} was chosen by a range test of {self.steps} steps from "
            f"{self.first:g} to {self.last:.2g}, {end}: the loss was least there."
        )
