"""Time calls against each other so that whatever else the machine does falls on all alike.

A pass takes what it takes in the fastest rounds: on a machine with others at work the times of one
call have two or three humps, and medians jump from one to the next. So the lower quantile ``FAST``
of the rounds is compared, and plans and latency tables share this estimate.
"""

import gc
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from prunescope.arrays import Floats
from prunescope.errors import Cancelled
from prunescope.latency.latency_report import Ratio, Timing
from prunescope.latency.run_clock import RunClock, TimedRun, clock_for
from prunescope.latency.table.rows import PROCESSOR
from prunescope.progress import Progress

STEPS: Final = 100
"""Steps of progress that one race reports."""
FAST: Final = 0.2
"""The quantile of a contender's rounds that counts as its time."""
PATIENCE: Final = 3.0
"""How many times the budget a race on a busy machine may last on the wall."""
_FEWEST: Final = 30
_MOST: Final = 2000
_SHORTEST: Final = 0.003
_WARMING: Final = 0.1
_RESAMPLES: Final = 2000
_BLOCKS: Final = 15


@dataclass(frozen=True)
class Race:
    """Seconds per call.

    Attributes:
        seconds: ``(rounds, contenders)`` float64; every contender ran once in each round.
        calls: Calls per timed run of the slowest contender; ``seconds`` are their means.
        taken: Share of the runs' time on the wall in which the thread that timed had no core,
            because others had it; 0 where the wall's clock counts.
        interrupted: Share of the rounds that were left out as the system took a core meanwhile;
            0 where the processor's clock counts, which does not need it.
    """

    seconds: Floats
    calls: int
    taken: float = 0.0
    interrupted: float = 0.0

    def fast(self, contender: int) -> float:
        """Return the seconds of one contender in its fast rounds."""
        return float(np.quantile(self.seconds[:, contender], FAST))

    def timing(self, contender: int) -> Timing:
        """Return the fast time of one contender, its median and its upper quartile."""
        fast, median, high = np.quantile(self.seconds[:, contender], [FAST, 0.5, 0.75])
        return Timing(float(median), float(fast), float(high))

    def ratio(self, first: int, second: int) -> Ratio:
        """Return the fast time of first over that of second, with its 95 % interval.

        Runs of neighbouring rounds are resampled together (block bootstrap, a fifteenth of the
        rounds each, 2000 resamples, fixed seed), as a machine's state lasts longer than a round.
        """
        pair = self.seconds[:, [first, second]]
        rounds = len(pair)
        length = max(rounds // _BLOCKS, 1)
        starts = np.random.default_rng(0).integers(
            0, rounds - length + 1, (_RESAMPLES, math.ceil(rounds / length))
        )
        places = (starts[:, :, None] + np.arange(length)).reshape(_RESAMPLES, -1)[:, :rounds]
        fast = np.quantile(pair[places], FAST, axis=1)
        low, high = np.quantile(fast[:, 0] / fast[:, 1], [0.025, 0.975])
        value = self.fast(first) / self.fast(second)
        return Ratio(value, min(float(low), value), max(float(high), value))


def race(
    contenders: Sequence[Callable[[], object]],
    budget: float,
    progress: Progress,
    threads: int = 1,
    device: str = PROCESSOR,
    fewest: int = _FEWEST,
    most: int = _MOST,
) -> Race:
    """Return the times of ``contenders``, all of them once in each round, in shuffled order.

    After a warm-up (a tenth of the budget, at least three calls each) rounds follow until the
    budget is spent: of processor time where that is the clock, so that a busy machine gives as many
    rounds as an idle one, later (see ``PATIENCE``). A run repeats its call until it takes
    about 3 ms. On the wall's clock, rounds in which the system took a core from this process are
    left out, unless hardly any is left.

    Args:
        contenders: Calls to time, two or more.
        budget: Seconds; slow calls exceed it to reach ``fewest`` rounds.
        progress: Told 100 steps in all; asked every round whether to stop.
        threads: That the calls use.
        device: That computes.
        fewest: Rounds at least.
        most: Rounds at most.

    Raises:
        Cancelled: Somebody asked to stop.
    """
    clock = clock_for(contenders[0], threads, device)
    single = [_warmed(call, budget * _WARMING / len(contenders), clock) for call in contenders]
    calls = [max(1, math.ceil(_SHORTEST / seconds)) for seconds in single]
    rounds: list[list[TimedRun]] = []
    order = np.random.default_rng(0)
    began, reported = time.perf_counter(), 0
    spent = 0.0
    collecting = gc.isenabled()
    gc.disable()
    try:
        while (share := _share(len(rounds), spent, began, budget, fewest, most)) < 1:
            if progress.cancelled():
                raise Cancelled("The timing was stopped; what was finished before is kept.")
            if (step := int(STEPS * share)) > reported:
                progress.advance(step - reported, f"round {len(rounds)}")
                reported = step
            runs = {
                index: clock.timed(contenders[index], calls[index])
                for index in order.permutation(len(contenders)).tolist()
            }
            rounds.append([runs[index] for index in range(len(contenders))])
            spent += sum(run.own if clock.processor else run.wall for run in rounds[-1])
    finally:
        if collecting:
            gc.enable()
    progress.advance(STEPS - reported, f"{len(rounds)} rounds")
    return _race_of(rounds, min(calls), clock, fewest)


def _race_of(rounds: list[list[TimedRun]], calls: int, clock: RunClock, fewest: int) -> Race:
    seconds = np.array([[run.seconds for run in runs] for runs in rounds])
    if clock.processor:
        wall = sum(run.wall for runs in rounds for run in runs)
        own = sum(run.own for runs in rounds for run in runs)
        return Race(seconds, calls, taken=max(1 - own / max(wall, 1e-9), 0.0))
    clean = np.array([not any(run.interrupted for run in runs) for runs in rounds])
    left_out = float(1 - clean.mean())
    return Race(seconds[clean] if clean.sum() >= fewest else seconds, calls, interrupted=left_out)


def _share(rounds: int, spent: float, began: float, budget: float, fewest: int, most: int) -> float:
    """How much of a race is done, 1 at its end."""
    wall = time.perf_counter() - began
    enough = max(spent / budget, wall / (PATIENCE * budget), rounds / most)
    return min(rounds / fewest, enough)


def _warmed(call: Callable[[], object], budget: float, clock: RunClock) -> float:
    """Call for a while; return the fastest call's seconds."""
    end = time.perf_counter() + budget
    times = [clock.timed(call, 1).seconds for _ in range(3)]
    while time.perf_counter() < end and len(times) < _MOST:
        times.append(clock.timed(call, 1).seconds)
    return min(times)
