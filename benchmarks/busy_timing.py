"""Whether speeds timed on a busy machine hold the value of the quiet one.

    python -m benchmarks.busy_timing                       # 60 timings, about 5 minutes
    python -m benchmarks.busy_timing --timings 20 --seconds 1

Half of every group of channels is removed of a sample model. Its speed in every runtime is timed
once for long, as quietly as the machine allows (``quiet``), and then again and again while 0 to 4
processes multiply matrices, their number drawn anew in the midst of each timing. One line for each
timing, and at the end how many intervals were stated and hold the quiet value.
"""

import argparse
import copy
import statistics
import subprocess
import sys
import threading
from typing import Final

import numpy as np
import torch
from torch import nn

from prunescope.bench.pruned import selected
from prunescope.bench.workbench import Workbench, prepare
from prunescope.capture.graph import take
from prunescope.export.applied_plan import selection_of
from prunescope.latency.latency_report import RuntimeLatency
from prunescope.latency.measure import race_latency
from prunescope.latency.runtimes.registry import runtimes
from prunescope.latency.runtimes.runtime import Workload
from prunescope.progress import Silent
from prunescope.study import Reference
from prunescope.study.plan import Choice, Plan

LOAD: Final = """
import sys, time
import numpy as np
a, end = np.ones((500, 500)), time.monotonic() + float(sys.argv[1])
while time.monotonic() < end:
    a @ a
"""
MOST: Final = 4


class ChangingLoad:
    """Processes that want the cores; their number changes every ``seconds``."""

    def __init__(self, seed: int, seconds: float) -> None:
        self._made = np.random.default_rng(seed)
        self._seconds = seconds
        self._ended = threading.Event()
        self.counts: list[int] = []
        self._thread = threading.Thread(target=self._change)

    def __enter__(self) -> "ChangingLoad":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _change(self) -> None:
        while not self._ended.is_set():
            self.counts.append(int(self._made.integers(0, MOST + 1)))
            processes = [
                subprocess.Popen([sys.executable, "-c", LOAD, str(self._seconds)])
                for _ in range(self.counts[-1])
            ]
            self._ended.wait(self._seconds)
            for process in processes:
                process.kill()
                process.wait()


def main() -> None:
    """Print one line for each timing, then the shares."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="lenet5")
    parser.add_argument("--timings", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each timing")
    parser.add_argument("--quiet-seconds", type=float, default=20.0)
    given = parser.parse_args()
    torch.set_num_threads(1)
    bench = prepare(Reference(f"sample:{given.model}", "sample:fashion-mnist"))
    pair = bench.network.module, half(bench)
    inputs = take(bench.splits.validation.inputs, torch.arange(1))

    workload = Workload(pair[0], inputs, 1, None)
    compiled = []
    for runtime in runtimes():
        compiler = runtime.compiler(workload)
        blank = RuntimeLatency(runtime.title, runtime.version())
        compiled.append((blank, [compiler.compile(each) for each in (*pair, pair[0])]))

    def timed(seconds: float) -> list[RuntimeLatency]:
        return [race_latency(blank, calls, 1, seconds, Silent()) for blank, calls in compiled]

    quiet = {each.runtime: each for each in timed(given.quiet_seconds)}
    for each in quiet.values():
        print("quiet", cells(each), sep=" | ", flush=True)
    print("timing", "load", "runtime", "taken", "ratio", "rounds", "holds", sep=" | ", flush=True)
    holds: list[bool] = []
    silent = 0
    widths: list[float] = []
    for number in range((given.timings + 1) // len(quiet)):
        with ChangingLoad(number, given.seconds / 3) as load:
            found = timed(given.seconds)
        for each in found:
            right = each.ratio.low <= quiet[each.runtime].ratio.value <= each.ratio.high
            said = "no claim" if not each.stated else "yes" if right else "NO"
            print(number, "".join(map(str, load.counts)), cells(each), said, sep=" | ", flush=True)
            silent += not each.stated
            if each.stated:
                holds.append(right)
                widths.append((each.ratio.high - each.ratio.low) / 2 / each.ratio.value)
    print(
        f"{len(holds)} of {len(holds) + silent} timings claimed a speed; {sum(holds)} of these "
        f"intervals ({100 * sum(holds) / max(len(holds), 1):.0f} %) hold the quiet value; median "
        f"half-width {100 * statistics.median(widths):.1f} %."
    )


def half(bench: Workbench) -> nn.Module:
    """Return the network without half of every group of channels."""
    groups = [group.name for group in bench.manifest.removable("channel")]
    plan = Plan(
        "half", bench.manifest.fingerprint, {name: Choice("l1", 0.5, "channel") for name in groups}
    )
    with selected(bench.network, selection_of(bench, plan)) as smaller:
        return copy.deepcopy(smaller)


def cells(each: RuntimeLatency) -> str:
    """Return runtime, what others took, ratio and rounds."""
    ratio = each.ratio
    return (
        f"{each.runtime} | {each.taken:.2f} | {ratio.value:.2f} ({ratio.low:.2f} to "
        f"{ratio.high:.2f}) | {each.pairs}"
    )


if __name__ == "__main__":
    main()
