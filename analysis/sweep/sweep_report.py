"""The result of a sweep run, in numbers. Torch-free."""

from dataclasses import dataclass

from prunescope.sweep.forecast import Forecast
from prunescope.sweep.pace import Pace


@dataclass(frozen=True)
class SweepReport:
    """The result of a sweep run.

    Attributes:
        wanted: Points of the grid.
        measured: Points evaluated further now, to their end or until they were settled.
        missing: Points not settled because the run was cancelled or its time was over.
        refused: Points that cannot be pruned, each with the reason.
        damaged: Files that were set aside, to be looked at by hand.
        partial: Points settled before every sample was seen.
        samples: Evaluated samples, all points together.
        macs: Multiply-accumulates that the plain loop needs for them; 0 where unknown.
        executed: Those that were executed; 0 where unknown.
        bound: The least that replay can take (``prunescope.replay.replay_cost``); 0 without replay.
        seconds: That the evaluation took, pauses not counted.
        begun: Of the missing points, those that have an estimate and its interval.
        processor: Seconds of processor time that it took.
        forecast: What was said of that once a few points of every kind had run; None where nothing
            was.
        macs_bound: What it was to execute at most.
        paces: What it took, as the study stores it (``prunescope.sweep.pace``).
    """

    wanted: int
    measured: int
    missing: int
    refused: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()
    partial: int = 0
    samples: int = 0
    macs: int = 0
    executed: int = 0
    bound: int = 0
    seconds: float = 0.0
    begun: int = 0
    processor: float = 0.0
    forecast: Forecast | None = None
    macs_bound: int = 0
    paces: tuple[Pace, ...] = ()

    @property
    def within(self) -> bool | None:
        """Whether the forecast held; None where there was none, or the sweep was not finished."""
        if self.forecast is None or self.missing:
            return None
        return self.forecast.low <= self.processor <= self.forecast.high
