"""What sweeps of a study took, by kind of point: the next sweep is forecast from it. Torch-free.

Times differ between two runs of one sweep, so they lie beside the measurements, in ``paces``.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prunescope.store.parquet_table import Table

LEAST: Final = 2.0
"""Sweeps shorter than this many seconds of processor time give no pace: starting up dominates."""
WHOLE: Final = "sweep"
"""The kind of the row that holds a whole sweep."""


@dataclass(frozen=True)
class Pace:
    """What one sweep, or all its points of one kind, took.

    Attributes:
        finished: When it ended, seconds since the epoch.
        kind: As ``work_order.kind_of`` names it, or ``WHOLE``.
        points: Points, settled or begun.
        macs: Multiply-accumulates behind the pruned layers, as ``sweep.preflight`` counts them.
        seconds: Of processor time.
        clock: Seconds on the clock, pauses not counted.
        low: Lower end of the first forecast of ``seconds``; 0 where none was made.
        high: Upper end.
        macs_bound: What the sweep was to execute at most; 0 for kinds.
        executed: Multiply-accumulates that it did execute; 0 for kinds, or where unknown.
        complete: Whether nothing was left.
    """

    finished: float
    kind: str
    points: int
    macs: float
    seconds: float
    clock: float
    low: float = 0.0
    high: float = 0.0
    macs_bound: float = 0.0
    executed: float = 0.0
    complete: bool = True

    @property
    def rate(self) -> float:
        """Multiply-accumulates per second of processor time."""
        return self.macs / self.seconds

    @property
    def stretch(self) -> float:
        """Seconds on the clock for each of processor time."""
        return self.clock / self.seconds


def stored_paces(study: Path) -> Table:
    """Return the table of what sweeps took in the study folder ``study``."""
    return Table(study / "paces", Pace, ("finished", "kind"))


def last_paces(study: Path) -> dict[str, Pace]:
    """Return the latest pace of each kind of point, and of a whole sweep, that is long enough."""
    frame = stored_paces(study).read()
    paces = [Pace(*row) for row in frame.itertuples(index=False, name=None)]
    return {
        pace.kind: pace
        for pace in sorted(paces, key=lambda pace: pace.finished)
        if pace.seconds >= LEAST and pace.macs > 0
    }


def first_forecast(study: Path) -> Pace | None:
    """Return the latest sweep of ``study`` that said beforehand what all of it takes, or None.

    However short it was: its ``low`` and ``high`` are of processor time for all that was asked.
    """
    frame = stored_paces(study).read()
    paces = [Pace(*row) for row in frame.itertuples(index=False, name=None)]
    said = [pace for pace in paces if pace.kind == WHOLE and pace.high > 0]
    return max(said, key=lambda pace: pace.finished, default=None)
