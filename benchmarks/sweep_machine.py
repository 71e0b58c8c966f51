"""What the machine's cores give to evaluations: lanes, an operator's own threads, processes.

    python -m benchmarks.sweep_machine                # needs a machine with nothing else to do

Evaluated images a second against one thread alone, medians of rounds in which all ways ran one
after the other: ``lanes`` (independent evaluations in one process, one thread each), ``threads``
(one evaluation whose operators split themselves), ``processes`` (independent ones, one thread
each). ``chosen`` is what a long sweep takes (``prunescope.replay.threads``).
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Final

import torch

from prunescope.bench.evaluate import evaluate
from prunescope.bench.workbench import Workbench, prepare
from prunescope.replay.lanes import open_lanes
from prunescope.replay.threads import Chooser
from prunescope.study import Reference

MODELS: Final = ("sample:lenet5", "sample:resnet20", "sample:mobilenet", "sample:vit")
COLUMNS: Final = ("model", "lanes", "threads", "processes", "chosen")
_ROUNDS: Final = 5
_SECONDS: Final = 1.5
"""That one thread alone takes in a round."""


def main() -> None:
    """Print one row per model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", default=MODELS)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if asked.serve:
        _serve(asked.models[0])
        return
    print(f"{cores} cores", *COLUMNS, sep=" | ", flush=True)
    for model in asked.models:
        print(*_row(model, cores or 1), sep=" | ", flush=True)


def _row(model: str, cores: int) -> list[str]:
    work = _work(_bench(model))
    torch.set_num_threads(1)
    work()
    began = time.perf_counter()
    work()
    passes = max(1, round(_SECONDS / (time.perf_counter() - began)))
    command = [sys.executable, "-m", "benchmarks.sweep_machine", model, "--serve"]
    servers = [
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )
        for _ in range(cores)
    ]  # fmt: skip
    for server in servers:
        assert server.stdout is not None
        server.stdout.readline()  # it is ready
    ways: dict[str, Callable[[], int]] = {
        "alone": partial(_lanes, work, passes, 1, 1),
        "lanes": partial(_lanes, work, passes, cores, 1),
        "threads": partial(_lanes, work, passes, 1, cores),
        "processes": partial(_processes, servers, passes),
    }
    rates: dict[str, list[float]] = {way: [] for way in ways}
    for turn in range(_ROUNDS):
        for way, call in list(ways.items())[:: 1 if turn % 2 else -1]:
            began = time.perf_counter()
            rates[way].append(call() / (time.perf_counter() - began))
    for server in servers:
        server.communicate()
    chooser = Chooser(cores)
    chooser.settle(work, 1e9)
    gains = (
        statistics.median(a / b for a, b in zip(rates[way], rates["alone"], strict=True))
        for way in COLUMNS[1:-1]
    )
    return [model, *(f"{gain:.2f}" for gain in gains), chooser.summary]


def _bench(model: str) -> Workbench:
    return prepare(Reference(model, "sample:fashion-mnist"))


def _work(bench: Workbench) -> Callable[[], object]:
    """One pass of the dense network over one batch."""
    some = bench.splits.validation.chunk(0, bench.batch)
    return partial(evaluate, bench.network.module, some, bench.metric, bench.batch)


def _lanes(work: Callable[[], object], passes: int, lanes: int, threads: int) -> int:
    """Return how many passes were made: ``passes`` on each lane."""
    torch.set_num_threads(threads)
    with open_lanes(lanes, threads) as opened:
        opened.map(lambda _: [work() for _ in range(passes)], range(lanes))
    return passes * lanes


def _processes(servers: list["subprocess.Popen[str]"], passes: int) -> int:
    for server in servers:
        assert server.stdin is not None
        server.stdin.write(f"{passes}\n")
        server.stdin.flush()
    for server in servers:
        assert server.stdout is not None
        server.stdout.readline()
    return passes * len(servers)


def _serve(model: str) -> None:
    """Make as many passes as each line says, and answer it."""
    torch.set_num_threads(1)
    work = _work(_bench(model))
    work()
    print("ready", flush=True)
    for line in sys.stdin:
        for _ in range(int(line)):
            work()
        print("done", flush=True)


if __name__ == "__main__":
    main()
