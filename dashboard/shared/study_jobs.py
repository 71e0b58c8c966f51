"""The jobs of a study's folder as they are now."""

from pathlib import Path

from prunescope.jobs import ACTIVE, Job, jobs


def jobs_of(folder: Path) -> tuple[Job, ...]:
    """Return the jobs of a study's folder, newest first."""
    return jobs(folder)


def running(folder: Path) -> Job | None:
    """Return the oldest job that is at work or waits, if any."""
    found = active(folder)
    return found[-1] if found else None


def active(folder: Path) -> tuple[Job, ...]:
    """Return the jobs that are at work or wait, newest first."""
    return tuple(job for job in jobs(folder) if job.state() in ACTIVE)
