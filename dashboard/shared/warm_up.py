"""What a server does once, or when it idles, so that nobody waits for it later."""

import gc
import threading
import time
from functools import cache
from pathlib import Path
from typing import Final

from prunescope.dashboard.shared import study_jobs
from prunescope.jobs import keep_warm_worker

_APART: Final = 20.0
"""Least seconds between two collections."""
_AFTER: Final = 1.0
"""Seconds from the run of a page to the collection, so that its answer is out before."""


@cache
def freeze() -> None:
    """Keep the collector from walking over every imported module.

    A collection holds the interpreter's lock; frozen objects are skipped. Once per process,
    however often the pages run.
    """
    gc.collect()
    gc.freeze()


class Tidying:
    """Collects what runs of pages left behind, now and then.

    Streamlit would do so after every run, also after each look of somebody who only watches
    (``postScriptGC``, which ``config.toml`` switches off), and walk over what was read and stays:
    100 ms at 500 layers. What a look leaves is little, and left to Python's own collector.
    """

    def __init__(self, now: float) -> None:
        self._lock = threading.Lock()
        self._last = now

    def after(self, now: float) -> bool:
        """Collect soon after a page that ran at ``now``; return whether it is time for that."""
        with self._lock:
            if now - self._last < _APART:
                return False
            self._last = now
        timer = threading.Timer(_AFTER, gc.collect)
        timer.daemon = True
        timer.start()
        return True


tidying: Final = Tidying(time.monotonic())


def ready(place: Path | None) -> None:
    """Keep a process ready for the next job, unless one of ``place`` needs the machine now."""
    if place is None or study_jobs.running(place) is None:
        keep_warm_worker()
