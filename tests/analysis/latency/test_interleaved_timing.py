"""What is timed in turns gives the same speed whatever else the machine does, or none."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import combinations, cycle, pairwise

import numpy as np
import pytest
import torch
from torch import nn

from prunescope.latency.interleaved_timing import PATIENCE, STEPS, Race, race
from prunescope.latency.latency_report import RuntimeLatency
from prunescope.latency.measure import time_models
from prunescope.latency.run_clock import RunClock, clock_for
from prunescope.latency.runtimes.registry import runtime
from prunescope.progress import Silent

BUSY = """
import sys, time
import numpy as np
a, end = np.ones((300, 300)), time.monotonic() + float(sys.argv[1])
while time.monotonic() < end:
    a @ a
"""
LONGEST = 60.0
"""Seconds that a busy process lives, whatever becomes of the test."""


class Counting(Silent):
    def __init__(self) -> None:
        self.steps = 0

    def advance(self, steps: int = 1, message: str = "", **values: float) -> None:
        self.steps += steps


@pytest.fixture
def busy() -> Iterator[Callable[[int], None]]:
    """A call that sets how many processes want the cores."""
    running: list[subprocess.Popen[bytes]] = []

    def change(count: int) -> None:
        while running:
            process = running.pop()
            process.kill()
            process.wait()
        command = [sys.executable, "-c", BUSY, str(LONGEST)]
        running.extend(subprocess.Popen(command) for _ in range(count))

    yield change
    change(0)


def test_each_contender_runs_once_per_round_in_shuffled_order() -> None:
    ran: list[int] = []
    counting = Counting()
    timed = race([lambda k=k: ran.append(k) for k in range(3)], 0.001, counting, fewest=30)
    assert len(timed.seconds) == 30
    changes = [ran[0], *(after for before, after in pairwise(ran)
                         if before != after)]  # fmt: skip
    assert len({tuple(changes[place : place + 3]) for place in range(len(changes) - 2)}) > 6
    assert counting.steps == STEPS


@pytest.mark.long  # of the clocks and the processes of this very machine
def test_one_plan_timed_three_times_under_load_agrees(busy: Callable[[int], None]) -> None:
    """ONNX said 15.4 times (2.9 to 20.1), and 2.6 times (2.4 to 6.1) a minute later."""
    torch.manual_seed(0)
    dense = nn.Sequential(nn.Linear(400, 800), nn.ReLU(), nn.Linear(800, 400)).eval()
    other = nn.Sequential(nn.Linear(400, 200), nn.ReLU(), nn.Linear(200, 400)).eval()
    inputs = torch.randn(4, 400)

    def timed() -> RuntimeLatency:
        (found,) = time_models(
            dense, other, inputs, 1, 0.4, Silent(), chosen=(runtime("torch"),)
        )  # fmt: skip
        return found

    quiet = timed()
    under_load = []
    for processes in (1, 4, 2):
        busy(processes)
        under_load.append(timed())
    stated = [each.ratio for each in (quiet, *under_load) if each.stated]
    for one, two in combinations(stated, 2):
        assert max(one.low, two.low) <= min(one.high, two.high)
    assert under_load[1].busy  # four processes want two cores, or the cores of a larger machine
    assert len(stated) >= 2  # a claim that is never made holds no less


def test_a_slow_half_of_the_rounds_moves_no_ratio() -> None:
    """A median of two humps is on either side; the fast rounds are there in both."""
    made = np.random.default_rng(0)
    fast = 1e-3 * np.array([2.0, 1.0])
    seconds = fast * made.normal(1, 0.01, (200, 2))
    for share in (0.45, 0.55, 0.7):
        slow = made.random((200, 2)) < share
        ratio = Race(np.where(slow, 7 * seconds, seconds), 1).ratio(0, 1)
        assert ratio.low <= 2.0 <= ratio.high
        assert ratio.high / ratio.low < 1.05
        assert ratio.value == pytest.approx(2.0, rel=0.03)


def test_rounds_that_never_agree_give_a_wide_interval() -> None:
    made = np.random.default_rng(0)
    ratios = [
        Race(np.exp(made.normal(0, spread, (100, 2))), 1).ratio(0, 1) for spread in (0.01, 0.5)
    ]
    widths = [ratio.high - ratio.low for ratio in ratios]
    assert widths[1] > 10 * widths[0]


def test_drift_that_lasts_longer_than_a_round_widens_the_interval() -> None:
    """Rounds one by one would say of a slow minute that it was a hundred separate accidents."""
    made = np.random.default_rng(0)
    wobble = np.repeat(np.exp(made.normal(0, 0.3, 15)), 20)
    drifting = Race(np.stack([wobble, np.ones(300)], 1), 1).ratio(0, 1)
    shuffled = Race(np.stack([made.permutation(wobble), np.ones(300)], 1), 1).ratio(0, 1)
    assert drifting.high - drifting.low > 1.5 * (shuffled.high - shuffled.low)


class Clocks:
    """Clocks that move by what a call is said to have taken, in seconds."""

    def __init__(self) -> None:
        self.wall = self.own = self.process = 0.0

    def perf_counter(self) -> float:
        return self.wall

    def thread_time(self) -> float:
        return self.own

    def process_time(self) -> float:
        return self.process

    def call(self, *runs: tuple[float, float]) -> Callable[[], None]:
        """A call of one second on the wall.

        Args:
            runs: Seconds of this thread and of all others that each run takes, one after another.
        """
        taken = cycle(runs)

        def run() -> None:
            own, others = next(taken)
            self.wall += 1.0
            self.own += own
            self.process += own + others

        return run


def test_the_clock_is_the_processors_where_the_call_computes_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Those of this machine say what else the process did meanwhile, too."""
    clocks = Clocks()
    monkeypatch.setattr("prunescope.latency.run_clock.time", clocks)
    computes = clocks.call((0.99, 0.0))
    assert clock_for(computes, 1).processor
    assert not clock_for(computes, 2).processor
    assert not clock_for(computes, 1, "cuda").processor
    assert clock_for(clocks.call((0.2, 0.0)), 1).processor  # four others want the core
    assert not clock_for(clocks.call((0.01, 0.0)), 1).processor  # it waits for something outside
    assert not clock_for(clocks.call((0.3, 0.7)), 1).processor  # other threads do the work
    disturbed = clocks.call((0.5, 0.5), (0.5, 0.5), (0.99, 0.0))
    assert clock_for(disturbed, 1).processor  # now and then by what else the process does


def test_the_processors_clock_is_read_where_this_thread_computes() -> None:
    run = RunClock(processor=True).timed(lambda: sum(range(50_000)), 3)
    assert run.seconds == pytest.approx(run.own / 3)
    assert run.own > 0


@pytest.mark.parametrize(("share", "ends"), [(1.0, 1.0), (0.5, 2.0), (0.1, PATIENCE)])
def test_a_busy_machine_is_waited_for_up_to_a_point(
    monkeypatch: pytest.MonkeyPatch, share: float, ends: float
) -> None:
    clocks, budget = Clocks(), 20.0
    monkeypatch.setattr("prunescope.latency.run_clock.time", clocks)
    monkeypatch.setattr("prunescope.latency.interleaved_timing.time", clocks)
    timed = race([clocks.call((share, 0.0))] * 2, budget, Silent(), fewest=3)
    assert len(timed.seconds) == pytest.approx(ends * budget / 2, abs=1)  # two seconds a round
    assert timed.taken == pytest.approx(1 - share)


def test_waiting_is_no_processor_time() -> None:
    run = RunClock(processor=True).timed(lambda: time.sleep(0.01), 1)
    assert run.seconds < run.wall
