"""Time several models against a dense one in shared rounds, whatever else the machine does."""

import gc
import math
import time
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from prunescope.errors import Cancelled
from prunescope.progress import Progress

_SHORTEST: Final = 0.002
_WARM: Final = 2
FEWEST: Final = 7
_MOST: Final = 60


def panel(
    contenders: Sequence[Callable[[], object]],
    seconds: float,
    threads: int,
    progress: Progress,
    seed: int = 0,
) -> np.ndarray:
    """Return seconds per call as ``(rounds, contenders)``; every round runs all, shuffled.

    With one thread its own processor time is counted: what a pass takes when nobody else wants
    the core. With more, the clock on the wall counts.

    Args:
        contenders: Calls to time; the first is the one that the others are compared with.
        seconds: To spend; slow calls exceed it to reach 7 rounds, 60 are enough.
        threads: That the calls use.
        progress: Asked every round whether to stop.
        seed: Of the orders.

    Raises:
        Cancelled: Somebody asked to stop.
    """
    clock = time.thread_time if threads == 1 else time.perf_counter
    repeats = []
    for call in contenders:
        taken = min(_timed(call, 1, clock) for _ in range(_WARM))
        repeats.append(max(1, math.ceil(_SHORTEST / max(taken, 1e-9))))
    order = np.random.default_rng(seed)
    end = time.perf_counter() + seconds
    rounds: list[list[float]] = []
    collecting = gc.isenabled()
    gc.disable()
    try:
        while len(rounds) < FEWEST or (time.perf_counter() < end and len(rounds) < _MOST):
            if progress.cancelled():
                raise Cancelled("The timing was stopped; what was finished is kept.")
            row = [0.0] * len(contenders)
            for index in order.permutation(len(contenders)).tolist():
                row[index] = _timed(contenders[index], repeats[index], clock)
            rounds.append(row)
    finally:
        if collecting:
            gc.enable()
    return np.array(rounds)


def _timed(call: Callable[[], object], calls: int, clock: Callable[[], float]) -> float:
    start = clock()
    for _ in range(calls):
        call()
    return (clock() - start) / calls
