"""Time calls against each other so that whatever else the machine does falls on all alike."""

import gc
import itertools
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import bootstrap

from prunescope.errors import Cancelled
from prunescope.latency.latency_report import Ratio, Timing
from prunescope.progress import Progress

STEPS: Final = 100
"""Steps of progress that one race reports."""
_ROUNDS: Final = 30
_MOST_ROUNDS: Final = 2000
_SHORTEST: Final = 0.002
_WARMING: Final = 0.1
_RESAMPLES: Final = 2000


@dataclass(frozen=True)
class Race:
    """Seconds per call: ``(rounds, contenders)`` float64.

    Attributes:
        seconds: One row per round; every contender ran once in it.
        calls: Calls per timed run; ``seconds`` is their mean.
    """

    seconds: np.ndarray
    calls: int

    def timing(self, contender: int) -> Timing:
        """Return median and quartiles of one contender."""
        low, median, high = np.quantile(self.seconds[:, contender], [0.25, 0.5, 0.75])
        return Timing(float(median), float(low), float(high))

    def ratio(self, first: int, second: int) -> Ratio:
        """Return the median over rounds of first over second, with its 95 % interval.

        The rounds are resampled as pairs (percentile bootstrap, 2000 resamples, fixed seed).
        """
        ratios = self.seconds[:, first] / self.seconds[:, second]
        value = float(np.median(ratios))
        found = bootstrap(
            (ratios,), np.median, n_resamples=_RESAMPLES, method="percentile",
            rng=np.random.default_rng(0),
        ).confidence_interval  # fmt: skip
        return Ratio(value, min(float(found.low), value), max(float(found.high), value))


def race(contenders: Sequence[Callable[[], object]], budget: float, progress: Progress) -> Race:
    """Return the times of ``contenders``, run in turn, every order of them equally often.

    After a warm-up (a tenth of the budget, at least three calls each) rounds follow until the
    budget is spent: at least 30, at most 2000. A run repeats its call until it takes about 2 ms.

    Args:
        contenders: Calls to time, two or more.
        budget: Seconds; slow calls exceed it to reach 30 rounds.
        progress: Told 100 steps in all; asked every round whether to stop.

    Raises:
        Cancelled: Somebody asked to stop.
    """
    end = time.perf_counter() + budget
    slowest = max(_warmed(each, budget * _WARMING / len(contenders)) for each in contenders)
    calls = max(1, math.ceil(_SHORTEST / max(slowest, 1e-9)))
    orders = itertools.cycle(itertools.permutations(range(len(contenders))))
    rounds: list[list[float]] = []
    told, start = 0, time.perf_counter()
    collecting = gc.isenabled()
    gc.disable()
    try:
        while len(rounds) < _ROUNDS or (time.perf_counter() < end and len(rounds) < _MOST_ROUNDS):
            if progress.cancelled():
                raise Cancelled("The timing was stopped; nothing is stored of it.")
            row = [0.0] * len(contenders)
            for index in next(orders):
                row[index] = _seconds(contenders[index], calls)
            rounds.append(row)
            spent = (time.perf_counter() - start) / max(end - start, 1e-9)
            share = min(len(rounds) / _ROUNDS, max(spent, len(rounds) / _MOST_ROUNDS))
            step = min(int(STEPS * share), STEPS)
            if step > told:
                progress.advance(step - told, f"round {len(rounds)}")
                told = step
    finally:
        if collecting:
            gc.enable()
    if told < STEPS:
        progress.advance(STEPS - told, f"{len(rounds)} rounds")
    return Race(np.array(rounds), calls)


def _seconds(call: Callable[[], object], calls: int) -> float:
    start = time.perf_counter()
    for _ in range(calls):
        call()
    return (time.perf_counter() - start) / calls


def _warmed(call: Callable[[], object], budget: float) -> float:
    """Call for a while; return the fastest call's seconds."""
    end = time.perf_counter() + budget
    times = [_seconds(call, 1) for _ in range(3)]
    while time.perf_counter() < end and len(times) < _MOST_ROUNDS:
        times.append(_seconds(call, 1))
    return min(times)
