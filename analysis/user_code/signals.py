"""What the user's code could end the process with, told from what the user asks for. Torch-free."""

import contextlib
import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from types import FrameType
from typing import Any, Final

from prunescope.user_code.patience import Call, Overdue


class LeftProcess(BaseException):
    """``os._exit`` was called; the status is its argument."""


_LOCK: Final = threading.Lock()
_INSIDE: "Final[Counter[int]]" = Counter()
"""Threads that run the user's code now, and how deep."""
_REAL: Final = os._exit


@contextlib.contextmanager
def own_signals(call: Call) -> Iterator[None]:
    """Note in ``call`` when the user presses Ctrl-C, and raise ``Overdue`` when it is overdue.

    A ``KeyboardInterrupt`` that comes without the signal was raised by the code itself. Only the
    main thread receives signals; in others nothing is done.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    interrupt = signal.getsignal(signal.SIGINT)

    def interrupted(number: int, frame: FrameType | None) -> None:
        call.interrupted = True
        if callable(interrupt):
            interrupt(number, frame)

    alarm: Any = signal.getsignal(signal.SIGALRM) if hasattr(signal, "SIGALRM") else None

    def overdue(number: int, frame: FrameType | None) -> None:
        late = call.first_overdue()
        if late is not None:
            raise Overdue(late)
        if callable(alarm):  # somebody else's: pytest-timeout's, for one
            alarm(number, frame)

    if callable(interrupt):
        signal.signal(signal.SIGINT, interrupted)
    before = call.alarmed
    if alarm is not None:
        signal.signal(signal.SIGALRM, overdue)
        call.set_alarmed(True)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is interrupted:
            signal.signal(signal.SIGINT, interrupt)
        if alarm is not None and signal.getsignal(signal.SIGALRM) is overdue:
            call.set_alarmed(before)
            signal.signal(signal.SIGALRM, alarm)


@contextlib.contextmanager
def no_silent_exit() -> Iterator[None]:
    """Let ``os._exit`` raise ``LeftProcess`` in this thread: it would end a run without a word.

    Processes that the code forks (a ``DataLoader``'s workers) leave as they always do.
    """
    thread, process = threading.get_ident(), os.getpid()
    with _LOCK:
        _INSIDE[thread] += 1
        os._exit = _refusing(process)
    try:
        yield
    finally:
        with _LOCK:
            _INSIDE[thread] -= 1
            if not _INSIDE[thread]:
                del _INSIDE[thread]
            if not _INSIDE:
                os._exit = _REAL


def _refusing(process: int) -> Any:
    def leave(status: int = 0) -> None:
        if os.getpid() != process or threading.get_ident() not in _INSIDE:
            _REAL(status)
        raise LeftProcess(status)

    return leave
