"""When a plan that rests is to be measured by itself. No Streamlit."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from prunescope.commands import Verify
from prunescope.jobs import Job

PATIENCE: Final = 4.0
"""Seconds for which a plan has to stay as it is."""


@dataclass(frozen=True)
class Rest:
    """A plan and since when it is the same."""

    digest: str = ""
    since: float = 0.0

    def seen(self, digest: str, now: float) -> "Rest":
        """Return the rest after the plan was seen as ``digest`` at ``now``."""
        return self if digest == self.digest else Rest(digest, now)

    def over(self, now: float) -> bool:
        """Whether the plan has rested for long enough."""
        return bool(self.digest) and now - self.since >= PATIENCE


def tried(jobs: Iterable[Job], file: str) -> bool:
    """Whether a job was ever started that measures the plan in ``file``."""
    return any(job.kind == Verify.command and job.names(file) for job in jobs)
