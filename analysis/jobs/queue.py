"""The queue of a folder of studies: how many jobs work at a time, and who comes next.

The jobs of all studies in one folder stand in one line, in the order in which they were asked for.
A study works on one of them at a time; of the studies, as many as the limit says. A job goes when
fewer studies than that have a job in front of it: what has gone stays counted until it ends, so
that the limit holds without a lock.
"""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prunescope.errors import BadValue
from prunescope.jobs.job import FOLDER, Job, folders, open_job
from prunescope.jobs.records import ACTIVE, END

LIMIT: Final = "PRUNESCOPE_JOBS"
"""Environment variable: how many jobs of a folder of studies work at a time; 1 by default."""
LONGEST: Final = 30
"""Jobs that may wait in a folder of studies: each holds a process that has begun already."""


@dataclass(frozen=True)
class Queue:
    """The unended jobs of a folder of studies, first come first.

    Attributes:
        running: That work.
        waiting: That wait for their turn.
    """

    running: tuple[Job, ...]
    waiting: tuple[Job, ...]

    def __len__(self) -> int:
        return len(self.running) + len(self.waiting)

    def ahead_of(self, job: Job) -> tuple[Job, ...]:
        """Return the jobs that were asked for before ``job``."""
        first = _place(job)
        return tuple(each for each in (*self.running, *self.waiting) if _place(each) < first)

    def lets(self, job: Job, limit: int) -> bool:
        """Return whether ``job`` may work where ``limit`` studies may work at a time."""
        return len({each.folder.parent for each in self.ahead_of(job)}) < limit


def limit() -> int:
    """Return how many jobs of a folder of studies work at a time."""
    text = os.environ.get(LIMIT, "")
    return max(int(text), 1) if text.isdigit() else 1


def queue(studies: Path) -> Queue:
    """Return the unended jobs of the studies in folder ``studies``."""
    found: dict[str, list[Job]] = {"running": [], "waiting": []}
    for jobs in studies.glob(f"*/{FOLDER}"):
        for folder in folders(jobs.parent):
            with contextlib.suppress(PermissionError):  # another account's studies beside it
                if (folder / END).exists() or (job := open_job(folder)) is None:
                    continue
                if (state := job.state()) in ACTIVE:
                    found[state].append(job)
    return Queue(*(tuple(sorted(found[state], key=_place)) for state in ("running", "waiting")))


def require_room(study: Path) -> None:
    """Raise ``BadValue`` where too many jobs wait already beside the study in folder ``study``."""
    waiting = len(queue(study.parent).waiting)
    if waiting >= LONGEST:
        raise BadValue(
            f"Expected fewer than {LONGEST} waiting jobs in {study.parent}, but {waiting} wait. "
            "Cancel some, or wait until they are done."
        )


def _place(job: Job) -> tuple[bool, float, str, int]:
    """By the machine's own clock, which nobody sets; jobs of before that was recorded come first.

    Unended jobs are of this start of the machine: those of others are over, or unknown here.
    """
    clock = None if job.starter is None else job.starter.clock
    at = job.created if clock is None else clock
    return clock is not None, at, str(job.folder.parent), job.number
