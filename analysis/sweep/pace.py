"""The speed of a study's last sweep, from which the next sweep's time is predicted."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prunescope.jobs import jobs

LEAST: Final = 2.0
"""Sweeps shorter than this many seconds give no pace, as starting up dominates them."""


@dataclass(frozen=True)
class Pace:
    """The work and time of one sweep.

    Attributes:
        job: Its name.
        macs: Multiply-accumulates behind the pruned layers, as ``sweep.preflight`` counts
            them: what replay did besides cancels out of a prediction.
        seconds: That it took, pauses not counted.
    """

    job: str
    macs: float
    seconds: float

    @property
    def rate(self) -> float:
        """Multiply-accumulates per second."""
        return self.macs / self.seconds


def last_pace(study: Path) -> Pace | None:
    """Return the pace of the latest sweep that ran as a job of the study in folder ``study``."""
    for job in jobs(study):
        if job.kind != "sweep":
            continue
        figures = job.snapshot().figures
        macs, seconds = figures.get("macs_counted", 0.0), figures.get("seconds", 0.0)
        if macs > 0 and seconds >= LEAST:
            return Pace(job.id, macs, seconds)
    return None
