"""Ctrl-C that cannot get lost."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

from prunescope.progress import Progress


class Interruptible:
    """Report to another progress, and stop the run at its next question after Ctrl-C.

    Python raises ``KeyboardInterrupt`` wherever the main thread happens to be, and drops it when
    that is a destructor or a callback of the garbage collector. The run would then go on as if
    nobody had asked.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.asked = False

    def start(self, total: int, message: str) -> None:
        """Pass on."""
        self._progress.start(total, message)

    def advance(self, steps: int = 1, message: str = "", **values: float) -> None:
        """Pass on."""
        self._progress.advance(steps, message, **values)

    def stand(self, **figures: float) -> None:
        """Pass on."""
        self._progress.stand(**figures)

    def cancelled(self) -> bool:
        """Raise ``KeyboardInterrupt`` when Ctrl-C was pressed, else pass on."""
        if self.asked:
            raise KeyboardInterrupt
        return self._progress.cancelled()


@contextlib.contextmanager
def interruptible(progress: Progress) -> Iterator[Progress]:
    """Yield ``progress`` so that it remembers a Ctrl-C for as long as the block runs."""
    if threading.current_thread() is not threading.main_thread():  # only it receives signals
        yield progress
        return
    remembering = Interruptible(progress)
    before = signal.getsignal(signal.SIGINT)

    def remember(number: int, frame: FrameType | None) -> None:
        remembering.asked = True
        signal.default_int_handler(number, frame)

    signal.signal(signal.SIGINT, remember)
    try:
        yield remembering
        if remembering.asked:
            raise KeyboardInterrupt
    finally:
        signal.signal(signal.SIGINT, before)
