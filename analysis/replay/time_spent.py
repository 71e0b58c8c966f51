"""A replay's time by operator, in seconds summed over its lanes."""

import threading
from collections import defaultdict
from typing import Final

from prunescope.text.units import percent

MAKING: Final = "pruned weights"
SCORING: Final = "scores"
_NAMED: Final = 4


class TimeSpent:
    """Seconds by operator and for other work; several lanes may add to it at the same time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seconds: defaultdict[str, float] = defaultdict(float)

    def add(self, seconds: defaultdict[str, float]) -> None:
        """Count ``seconds`` by name."""
        with self._lock:
            for name, value in seconds.items():
                self._seconds[name] += value

    def add_one(self, name: str, seconds: float) -> None:
        """Count ``seconds`` for ``name``."""
        with self._lock:
            self._seconds[name] += seconds

    def shares(self) -> dict[str, float]:
        """Return each name's share of all that was counted, the largest first.

        >>> spent = TimeSpent()
        >>> spent.add_one("conv2d", 3.0)
        >>> spent.add_one(SCORING, 1.0)
        >>> spent.shares()
        {'conv2d': 0.75, 'scores': 0.25}
        """
        with self._lock:
            ordered = sorted(self._seconds.items(), key=lambda pair: -pair[1])
        total = sum(value for _, value in ordered)
        return {name: value / total for name, value in ordered} if total else {}

    def line(self) -> str:
        """Return the largest shares and the rest in one line, or nothing before any work."""
        shares = list(self.shares().items())
        named = [f"{name} {percent(share, 0)}" for name, share in shares[:_NAMED]]
        rest = sum(share for _, share in shares[_NAMED:])
        return ", ".join([*named, f"the rest {percent(rest, 0)}"] if rest >= 0.005 else named)
