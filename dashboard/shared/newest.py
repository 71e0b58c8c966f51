"""What was read of something that grows: the newest form of it, and no earlier one."""

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class _Made(Generic[T]):
    """A value, what it was made under, and when that was looked at."""

    value: T
    stamp: Hashable
    looked: float


class Newest(Generic[T]):
    """One value that is made anew when its stamp has changed; safe to share between threads.

    A study that is being measured changes every second. A cache of its forms by stamp holds the
    last so many of them, each whole and a little larger than the one before, and nobody asks for
    an old one again.

    Args:
        clock: Says in which order callers asked and somebody looked.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._lock = Lock()
        self._clock = clock
        self._made: _Made[T] | None = None

    def get(self, stamp: Callable[[], Hashable], make: Callable[[T | None], T]) -> T:
        """Return a value that is as new as this call.

        Those who wait while somebody makes it share what comes, if the making began after they
        asked: else each of twenty would find the next change, and make it once more.

        Args:
            stamp: Says what is another whenever the value would be another.
            make: Makes it, given the value before, if there was one.

        Raises:
            Exception: What ``stamp`` or ``make`` raise; the value before stays for another try.
        """
        asked = self._clock()
        with self._lock:
            if self._made is not None and self._made.looked >= asked:
                return self._made.value
            looked, now = self._clock(), stamp()
            before = self._made.value if self._made else None
            if self._made is None or self._made.stamp != now:
                self._made = _Made(make(before), now, looked)
            return self._made.value
