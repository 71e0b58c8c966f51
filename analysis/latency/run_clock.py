"""The clock of timed runs: the thread's processor time where that can be read, else the wall's.

Whoever else wants the cores makes a run long on the wall, and hardly so on the thread's own clock.
With several threads, or on another device, only the wall tells how long a pass takes; then the
runs count in which the system took no core away from this process. A call that has a clock of its
own, as on a GPU, is asked.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

from prunescope.latency.table.rows import PROCESSOR

_OWN: Final = 0.9
"""Least share of the process's processor time that the calling thread must have spent itself."""
_WAITING: Final = 0.05
"""Share of the wall's time below which a call waits for something outside of this process, rather
than for a core."""
_TRIES: Final = 5


@runtime_checkable
class OwnClock(Protocol):
    """A call that knows what it took better than the clock of the thread that makes it."""

    def __call__(self) -> object:
        """Make one call, done when this returns."""

    def seconds(self, calls: int) -> float:
        """Make so many calls in a row, and return what they took together."""


@dataclass(frozen=True)
class TimedRun:
    """One run of a call.

    Attributes:
        seconds: Per call, on the clock.
        wall: Of the whole run, on the wall.
        own: Seconds of the whole run that this thread had a core.
        interrupted: Whether the system took a core from the process meanwhile.
    """

    seconds: float
    wall: float
    own: float
    interrupted: bool


@dataclass(frozen=True)
class RunClock:
    """Reads how long calls take.

    Attributes:
        processor: Whether the thread's processor time is counted, instead of the wall's.
    """

    processor: bool

    def timed(self, call: Callable[[], object], calls: int) -> TimedRun:
        """Return the time of ``calls`` calls in a row, after one that is not timed.

        The first call after another model's finds caches full of that one; where a call is so long
        that it is timed alone, that does not matter.
        """
        if calls > 1:
            call()
        before = _interruptions()
        wall, own = time.perf_counter(), time.thread_time()
        told = call.seconds(calls) if isinstance(call, OwnClock) else None
        for _ in range(calls if told is None else 0):
            call()
        own, wall = time.thread_time() - own, time.perf_counter() - wall
        seconds = own if self.processor else wall
        seconds = seconds if told is None else told
        return TimedRun(max(seconds, 1e-9) / calls, wall, own, _interruptions() > before)


def clock_for(call: Callable[[], object], threads: int, device: str = PROCESSOR) -> RunClock:
    """Return the clock for calls like ``call``, which is called a few times.

    Args:
        call: One of the calls to be timed.
        threads: That it may use.
        device: That computes.
    """
    if threads > 1 or device != PROCESSOR or sys.platform == "win32":  # there it ticks too slowly
        return RunClock(processor=False)
    return RunClock(processor=any(_by_itself(call) for _ in range(_TRIES)))


def _by_itself(call: Callable[[], object]) -> bool:
    """Whether the calling thread did the work of ``call``, and neither another thread nor nobody.

    Something else in the process may work just then, so that one try alone does not tell.
    """
    wall, own, process = time.perf_counter(), time.thread_time(), time.process_time()
    call()
    wall = time.perf_counter() - wall
    own, process = time.thread_time() - own, time.process_time() - process
    return own >= _WAITING * wall and own >= _OWN * process


def _interruptions() -> int:
    """How often the system has taken a core from one of this process's threads."""
    if sys.platform == "win32":
        return 0
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw
