"""What a sweep's parts cost, in dense evaluations of the same samples on the same threads.

Naive loop: (mask + evaluate + compare) of a point against a bare evaluation. Criteria: one set of
scores for all layers. Medians of interleaved repetitions.
"""

import statistics
import time
from collections.abc import Callable
from functools import partial

import torch

from prunescope.bench.evaluate import evaluate
from prunescope.bench.workbench import Workbench, prepare
from prunescope.criteria import criterion, criterion_names
from prunescope.criteria.evidence import Evidence
from prunescope.study import Method, Reference
from prunescope.study.point import Point
from prunescope.sweep.naive_sweep import measure

REPEATS = 5
MODELS = ("mlp", "lenet5", "resnet20", "mobilenet")


def main() -> None:
    """Print one row per sample model."""
    torch.set_num_threads(1)
    names = criterion_names()
    print("model", "point/evaluation", *names, sep=" | ")
    for model in MODELS:
        bench = prepare(Reference(f"sample:{model}", "sample:fashion-mnist"))
        base, point = _overhead(bench)
        evidence = Evidence(bench.network, bench.splits.calibration, 0, bench.groups)
        costs = [_seconds(partial(_score, name, evidence)) / base for name in names]
        print(model, f"{point:.2f}", *(f"{cost:.2f}" for cost in costs), sep=" | ", flush=True)


def _overhead(bench: Workbench) -> tuple[float, float]:
    """Seconds of one evaluation, and the ratio of a measured point to it (medians)."""
    todo = [Point(bench.network.prunable()[0].name, Method("magnitude"), 0.5)]
    pairs = [
        (_seconds(_dense(bench)), _seconds(lambda: list(measure(bench, todo))))
        for _ in range(REPEATS)
    ]
    base = statistics.median(dense for dense, _ in pairs)
    return base, statistics.median(point / dense for dense, point in pairs)


def _score(name: str, evidence: Evidence) -> object:
    rule = criterion(name)
    score = rule.weights or rule.units
    return score(evidence) if score else None


def _dense(bench: Workbench) -> Callable[[], object]:
    return lambda: evaluate(
        bench.network.module, bench.splits.validation, bench.metric, bench.batch
    )


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
