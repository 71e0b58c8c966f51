"""Calls of the user's code that take long: a word every ten seconds, an end at a limit. Torch-free.

One thread watches all calls. At its limit a call of the main thread is woken by SIGALRM (see
``signals``), one of another thread by an exception set from outside. Code that still does not come
back, in a loop that swallows exceptions or in native code, ends with the process where a command
line listens, which first writes its sentence down.
"""

import contextlib
import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from prunescope.errors import BadValue
from prunescope.text.durations import parse_seconds
from prunescope.user_code.blame import running_place

VARIABLE: Final = "PRUNESCOPE_PATIENCE"
"""Environment variable: how long one call may take, such as ``90s`` or ``20m``."""
PATIENCE: Final = 300.0
"""Seconds that one call of the user's code may take where nothing else is said."""
_WORD: Final = 10.0
_LOOK: Final = 0.25
_GRACE: Final = 10.0


class Overdue(BaseException):
    """A call has passed its limit; not an ``Exception``, so that the code hardly swallows it."""

    def __init__(self, call: "Call | None" = None) -> None:
        super().__init__()
        self.call = call


@dataclass(eq=False)
class Call:
    """One call of the user's code.

    Attributes:
        doing: For the words, such as ``loading the model``.
        sentence: Makes the error's text from the place where the code hangs.
        limit: Seconds, or None without end.
        outer: The call that this one is part of.
        interrupted: Whether Ctrl-C was pressed during it.
        alarmed: Whether SIGALRM has a handler that stops it; without one it would end the process.
        place: Where it stood when it passed its limit.
    """

    doing: str
    sentence: Callable[[str], str]
    limit: float | None
    outer: "Call | None" = None
    interrupted: bool = False
    alarmed: bool = False
    place: str = ""
    thread: int = field(default_factory=threading.get_ident)
    began: float = field(default_factory=time.monotonic)
    words: int = 0
    overdue: float | None = None
    woken: float = 0.0

    def first_overdue(self) -> "Call | None":
        """Return the outermost call around this one that is past its limit, or None."""
        above = self.outer.first_overdue() if self.outer is not None else None
        return above or (self if self.overdue is not None else None)

    def set_alarmed(self, alarmed: bool) -> None:
        """Say whether SIGALRM may be sent from now on."""
        with _WATCH.lock:
            self.alarmed = alarmed


@dataclass(frozen=True)
class Listener:
    """Where words go, and who writes a sentence down before the process is ended."""

    still: Callable[[str], None]
    ended: Callable[[str], None] | None = None


@contextlib.contextmanager
def listening(
    still: Callable[[str], None], ended: Callable[[str], None] | None = None
) -> Iterator[None]:
    """Let ``still`` hear what takes long in the block.

    Args:
        still: Takes ``still loading the model (net.py:12), 20 s``; called in another thread.
        ended: Takes the sentence of a call that could not be stopped; the process ends after it.
            Without one no process is ended.
    """
    listener = Listener(still, ended)
    _WATCH.listeners.append(listener)
    try:
        yield
    finally:
        _WATCH.listeners.remove(listener)


def patience() -> float:
    """Return how many seconds one call may take.

    Raises:
        BadValue: The environment variable holds no time.
    """
    text = os.environ.get(VARIABLE, "")
    if not text:
        return PATIENCE
    try:
        return parse_seconds(text)
    except BadValue:
        raise BadValue(
            f"Expected {VARIABLE} to be a time such as 90s, 5m or 1h, but got {text!r}. Set it to "
            "300s, or leave it out."
        ) from None


@contextlib.contextmanager
def watched(
    doing: str, sentence: Callable[[str], str] = str, limit: float | None = None
) -> Iterator[Call]:
    """Watch the block as one call, and yield it."""
    call = _WATCH.enter(Call(doing, sentence, limit))
    try:
        yield call
    finally:
        _WATCH.leave(call)


class _Watch:
    """The thread that looks at all calls, and what it knows."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.listeners: list[Listener] = []
        self._inner: dict[int, Call] = {}
        self._busy = threading.Event()
        self._watcher: threading.Thread | None = None

    def enter(self, call: Call) -> Call:
        with self.lock:
            call.outer = self._inner.get(call.thread)
            call.alarmed = call.outer is not None and call.outer.alarmed
            self._inner[call.thread] = call
            if self._watcher is None or not self._watcher.is_alive():  # also after a fork
                self._watcher = threading.Thread(target=self._watch, daemon=True)
                self._watcher.start()
        self._busy.set()
        return call

    def leave(self, call: Call) -> None:
        with self.lock:
            if call.outer is None:
                self._inner.pop(call.thread, None)
            else:
                self._inner[call.thread] = call.outer

    def _watch(self) -> None:
        while True:
            self._busy.wait()
            time.sleep(_LOOK)
            with self.lock:
                calls = list(self._inner.values())
                if not calls:
                    self._busy.clear()
            for call in calls:
                self._look(call)

    def _look(self, inner: Call) -> None:
        """Say a word for the innermost call, and wake the outermost that is past its limit."""
        now = time.monotonic()
        frame = sys._current_frames().get(inner.thread)
        place = running_place(frame)
        call: Call | None = inner
        while call is not None:
            late = call.limit is not None and now - call.began >= call.limit
            if late and call.overdue is None:
                call.overdue, call.place = now, place
            call = call.outer
        if now - inner.began >= _WORD * (inner.words + 1):
            inner.words = int((now - inner.began) // _WORD)
            self._say(inner, place, now)
        late_call = inner.first_overdue()
        if late_call is None or late_call.overdue is None:
            return
        if now - late_call.overdue >= min(_GRACE, late_call.limit or _GRACE):
            self._end(late_call)
        if now - late_call.woken >= 1.0:
            late_call.woken = now
            self._wake(inner)

    def _say(self, call: Call, place: str, now: float) -> None:
        where = f" ({place})" if place else ""
        for listener in self.listeners[-1:]:
            with contextlib.suppress(Exception):  # a closed terminal must not end the watch
                listener.still(f"still {call.doing}{where}, {now - call.began:.0f} s")

    def _wake(self, inner: Call) -> None:
        with self.lock:
            if self._inner.get(inner.thread) is not inner:
                return  # it came back by itself
            main = threading.main_thread().ident
            if inner.alarmed:
                signal.pthread_kill(inner.thread, signal.SIGALRM)
            elif inner.thread != main:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(
                    ctypes.c_ulong(inner.thread), ctypes.py_object(Overdue)
                )

    def _end(self, call: Call) -> None:
        """Write the sentence down and end the process, where somebody listens for that."""
        ending = [listener.ended for listener in self.listeners[::-1] if listener.ended]
        if not ending:
            return
        for ended in ending:
            with contextlib.suppress(Exception):
                ended(call.sentence(call.place))
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        os._exit(1)


_WATCH: Final = _Watch()
