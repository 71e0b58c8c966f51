"""How many pages run at a time, of all windows of the server.

One interpreter computes them: forty that run at once are no faster than a few after another, and
each holds what it has read until it ends. Not in ``app.py``, which every run executes anew.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Final

turn: Final = BoundedSemaphore(4)


@contextmanager
def lent() -> Iterator[None]:
    """Let another page run while this one, which has its turn, waits for something."""
    turn.release()
    try:
        yield
    finally:
        turn.acquire()
