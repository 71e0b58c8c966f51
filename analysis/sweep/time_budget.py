"""The time that a sweep has left, and how many points it can finish at once meanwhile."""

import math
import time
from collections.abc import Callable, Sequence
from typing import Final

from prunescope.study.point import Point
from prunescope.sweep.meter import Meter

_PART: Final = 0.05
"""Share of the time left that finishing a few points at once may take under a deadline."""
_AHEAD: Final = 0.5
"""Share of the time left at first after which no further pilot runs."""


class TimeBudget:
    """A deadline, moved later by the length of pauses; none where it is None."""

    def __init__(self, deadline: float | None, meter: Meter) -> None:
        self._deadline, self._meter = deadline, meter
        self.ahead = _AHEAD * self.left
        """Seconds that pilots may take."""

    @property
    def left(self) -> float:
        """Seconds that are left."""
        if self._deadline is None:
            return math.inf
        return self._deadline + self._meter.held - time.monotonic()

    def few(
        self, now: Sequence[Point], samples: Callable[[Point], int]
    ) -> tuple[list[Point], bool]:
        """Return the first points of ``now`` that take a small part of the time left, at least one.

        All have as many samples as the first one.

        Returns:
            The points, and whether they can be expected to be finished in time.
        """
        few: list[Point] = []
        start = samples(now[0])
        for point in now:
            if samples(point) != start:
                continue
            seconds = self._meter.clock([*few, point])
            if few and (seconds is None or seconds > _PART * self.left):
                break
            few.append(point)
        seconds = self._meter.clock(few)
        return few, seconds is None or seconds <= self.left
