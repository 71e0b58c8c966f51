"""Tell whether a process that a file speaks of still lives, and whether that shows from here.

A process number means something on one machine, until it starts anew, in one process namespace. Of
a process elsewhere nothing is known here: it is not taken for dead, and it gets no signal.
"""

import sys
import time
from pathlib import Path
from typing import Final, Literal

import psutil

from prunescope.jobs.machine import OUTERMOST, Machine, this_machine
from prunescope.jobs.records import ProcessRecord

Whereabouts = Literal["here", "gone", "elsewhere"]
_TOLERANCE: Final = 2.0
"""Seconds by which the system's clock may have been set, for records that hold no ticks."""
_STARTED: Final = 19
"""Place of ``starttime`` among the fields of ``/proc/PID/stat`` that follow the name."""


def identify(pid: int) -> ProcessRecord:
    """Return the record of the living process ``pid``; of a dead one, a record that says so."""
    try:
        born = float(psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        born = 0.0
    here = this_machine()
    return ProcessRecord(
        pid, born, time.time(), time.monotonic(), _ticks(pid),
        here.host, here.machine, here.boot, here.space,
    )  # fmt: skip


def whereabouts(process: ProcessRecord) -> Whereabouts:
    """Return whether ``process`` could be seen from here if it ran.

    ``gone``: it could, but the machine has started anew since. ``elsewhere``: it runs, or ran, on
    another machine or in another container. Records of before say nothing and count as ``here``.
    """
    if not (process.host or process.boot):
        return "here"
    here = this_machine()
    if process.boot and process.boot == here.boot:
        return "here" if process.space == here.space else "elsewhere"
    there = Machine(process.host, process.machine, process.boot, process.space)
    if (there.host, there.machine, there.space) != (here.host, here.machine, here.space):
        return "elsewhere"
    if not (there.boot or here.boot):
        return "here"
    # Containers of one image may share name and machine-id on several machines.
    restarted = there.machine and there.boot and here.boot and there.space == OUTERMOST
    return "gone" if restarted else "elsewhere"


def alive(process: ProcessRecord) -> bool:
    """Return whether ``process`` runs here: same number, same start, and not waiting for burial."""
    if whereabouts(process) != "here":
        return False
    try:
        running = psutil.Process(process.pid)
        if process.ticks is not None:
            same = process.ticks == _ticks(process.pid)
        else:
            same = abs(running.create_time() - process.born) <= _TOLERANCE
        return same and bool(running.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


def _ticks(pid: int) -> int | None:
    """When process ``pid`` began, in the kernel's ticks since the machine's start.

    The start in seconds since the epoch, which other systems keep, moves on Linux when somebody
    sets the clock.
    """
    if sys.platform != "linux":
        return None
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return int(fields[_STARTED])
    except (OSError, ValueError, IndexError):
        return None
