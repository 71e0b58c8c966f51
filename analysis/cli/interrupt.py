"""Ctrl-C that cannot get lost.

Python hears a signal between two steps of the main thread. Where that thread hangs in native code,
a thread of our own reads the signal from a pipe, and ends the process when ``PATIENCE`` seconds
have passed without an answer. Only native code that never lets go of Python's lock outlives that:
SIGQUIT ends it.
"""

import contextlib
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import Final, NoReturn

import psutil

from prunescope.progress import Progress

PATIENCE: Final = 10.0
"""Seconds between a Ctrl-C that nobody answers and the end; finished results are on the disk."""
_INTERRUPTED: Final = 130
_OVER: Final = b"\0"


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
        with _answered(remembering):
            yield remembering
            if remembering.asked:
                raise KeyboardInterrupt
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def _answered(remembering: Interruptible) -> Iterator[None]:
    """End the process where a Ctrl-C finds no answer during the block."""
    if sys.platform == "win32":  # no pipe can be waited for there
        yield
        return
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    thread = threading.Thread(target=_watch, args=(reader, remembering), daemon=True)
    thread.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        os.write(writer, _OVER)
        thread.join()
        os.close(writer)
        os.close(reader)


def _watch(reader: int, remembering: Interruptible) -> None:
    end: float | None = None
    while True:
        patience = None if end is None else max(end - time.monotonic(), 0.0)
        if select.select([reader], [], [], patience)[0]:
            number = os.read(reader, 1)
            if number == _OVER:
                return
            if number[0] == signal.SIGINT and end is None:
                end = time.monotonic() + PATIENCE
        elif remembering.asked:  # it unwinds
            end = None
        else:
            _end()


def _end() -> NoReturn:
    """End this process and what it has started, now."""
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            child.kill()
    sys.stderr.write(
        f"\nStopped, though the model gave no answer for {PATIENCE:g} s. What was finished is "
        "kept: the same command goes on from there.\n"
    )
    sys.stderr.flush()
    os._exit(_INTERRUPTED)
