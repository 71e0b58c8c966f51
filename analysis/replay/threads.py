"""Choose the number of lanes and threads per lane, by timing the network before a long sweep."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import torch

from prunescope.replay.lanes import open_lanes
from prunescope.text.numbers import counted

_ROUNDS: Final = 3
_CLOSE: Final = 1.05
"""Of shares within this factor of the fastest time, the one with the most lanes is taken."""

_WORTH: Final = 30
"""A sweep must last this many times as long as the timing, for the timing to pay off."""


@dataclass(frozen=True)
class Share:
    """How computations share the cores: ``lanes`` at the same time, on ``threads`` each."""

    lanes: int
    threads: int = 1

    def __str__(self) -> str:
        return f"{counted(self.lanes, 'lane')} of {counted(self.threads, 'thread')}"


def shares(cores: int) -> tuple[Share, ...]:
    """Return the ways to use ``cores``, most lanes first; each halves the lanes.

    >>> [str(share) for share in shares(4)]
    ['4 lanes of 1 thread', '2 lanes of 2 threads', '1 lane of 4 threads']
    """
    ways, lanes = [], cores
    while lanes:
        ways.append(Share(lanes, cores // lanes))
        lanes //= 2
    return tuple(ways)


class Chooser:
    """Chooses the share once, when enough work lies ahead to pay for timing all of them."""

    def __init__(self, cores: int) -> None:
        """Begin with one lane for each core.

        Args:
            cores: Threads that may run at the same time.
        """
        self._offered = shares(cores)
        self.share = self._offered[0]
        self.summary = ""
        """How much faster than the others the share was, once it was timed."""

    def settle(self, work: Callable[[], object], passes: float) -> None:
        """Time every share of ``work``, one pass, if about ``passes`` of them lie ahead."""
        if len(self._offered) == 1 or self.summary:
            return
        cost = sum(share.lanes for share in self._offered) * (_ROUNDS + 1)
        if passes < _WORTH * cost:
            return
        rounds = [[_seconds(share, work) for share in self._offered] for _ in range(_ROUNDS + 1)]
        medians = [statistics.median(column) for column in zip(*rounds[1:], strict=True)]
        fastest = next(n for n, seconds in enumerate(medians) if seconds <= _CLOSE * min(medians))
        self.share = self._offered[fastest]
        others = (
            f"{seconds / medians[fastest]:.2f} × the time with {share}"
            for share, seconds in zip(self._offered, medians, strict=True)
            if share != self.share
        )
        self.summary = f"{self.share} ({', '.join(others)})"


def _seconds(share: Share, work: Callable[[], object]) -> float:
    """Seconds per pass while every lane computes one."""
    before = torch.get_num_threads()
    torch.set_num_threads(share.threads)
    try:
        with open_lanes(share.lanes, share.threads) as lanes:
            began = time.perf_counter()
            lanes.map(lambda _: work(), range(share.lanes))
            return (time.perf_counter() - began) / share.lanes
    finally:
        torch.set_num_threads(before)
