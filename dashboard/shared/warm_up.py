"""What a server does once, or when it idles, so that nobody waits for it later."""

import gc
from functools import cache
from pathlib import Path

from prunescope.dashboard.shared import loaders
from prunescope.jobs import keep_warm_worker


@cache
def freeze() -> None:
    """Keep the collector from walking over every imported module after every run.

    Streamlit collects all generations after each script run, while holding the interpreter's lock;
    frozen objects are skipped, which takes tens of milliseconds off every interaction. Once per
    process, however often the pages run.
    """
    gc.collect()
    gc.freeze()


def ready(place: Path | None) -> None:
    """Keep a process ready for the next job, unless one of ``place`` needs the machine now."""
    if place is None or loaders.running(place) is None:
        keep_warm_worker()
