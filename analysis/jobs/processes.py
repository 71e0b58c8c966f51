"""Tell whether a process that a file speaks of still lives."""

import time
from typing import Final

import psutil

from prunescope.jobs.records import ProcessRecord

_TOLERANCE: Final = 2.0
"""Seconds by which the system's clock may have been set since the record was written."""


def identify(pid: int) -> ProcessRecord:
    """Return the record of the living process ``pid``; of a dead one, a record that says so."""
    try:
        born = float(psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        born = 0.0
    return ProcessRecord(pid, born, time.time())


def alive(process: ProcessRecord) -> bool:
    """Return whether ``process`` runs: same number, same start, and not waiting for burial."""
    try:
        found = psutil.Process(process.pid)
        if abs(found.create_time() - process.born) > _TOLERANCE:
            return False
        return bool(found.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True
