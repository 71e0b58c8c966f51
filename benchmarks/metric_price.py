"""The price of metrics: their share of a sweep's processor time, on the smallest sample models.

A sweep of a few points by each metric: the share of the time that scoring takes beyond what
``top-1`` takes, whose reading of the logits every sweep needs. Metrics of torchmetrics are the same
numbers as the built-in ones.

    python -m benchmarks.metric_price [MODEL …]
"""

import sys
import time
from collections.abc import Callable, Sequence

import torch
from torchmetrics.classification import (
    MulticlassAccuracy,
    MulticlassF1Score,
    MulticlassJaccardIndex,
)

from prunescope.bench.answers import outcome_of
from prunescope.bench.outcomes import join_outcomes
from prunescope.bench.workbench import Workbench, prepare
from prunescope.capture.network import forward
from prunescope.sources.metrics import Metric, live_metric, load_metric
from prunescope.sources.splits import Samples
from prunescope.study import Reference
from prunescope.text.units import percent

NAMES = ("top-1", "balanced-accuracy", "macro-f1", "auroc", "calibration-error", "cross-entropy")
PEERS = {
    "torchmetrics accuracy": MulticlassAccuracy(10),
    "torchmetrics F1": MulticlassF1Score(10),
    "torchmetrics Jaccard": MulticlassJaccardIndex(10),
}
BATCH, ROUNDS = 512, 3


def main(models: list[str]) -> None:
    """Print the table of each model."""
    torch.set_num_threads(1)
    metrics = {name: load_metric(name, True) for name in NAMES}
    metrics |= {name: live_metric(metric, True) for name, metric in PEERS.items()}
    for model in models or ["mlp", "lenet5"]:
        _print(model, prepare(Reference(f"sample:{model}", "sample:fashion-mnist")), metrics)


def _print(model: str, bench: Workbench, metrics: dict[str, Metric]) -> None:
    samples = bench.splits.validation
    chunks = [samples.chunk(at, at + BATCH) for at in range(0, len(samples), BATCH)]
    with torch.inference_mode():
        network = min(
            _seconds(lambda: [forward(bench.network.module, chunk.inputs) for chunk in chunks])
            for _ in range(ROUNDS)
        )
        outputs = [forward(bench.network.module, chunk.inputs) for chunk in chunks]
    priced = {name: _scoring(outputs, chunks, metric) for name, metric in metrics.items()}
    point = network + priced["top-1"]
    print(
        f"\n{model}: a whole point of {len(samples)} samples takes {1e3 * point:.0f} ms by top-1, "
        f"of which the network {1e3 * network:.0f} ms"
    )
    for name, seconds in priced.items():
        more = max(seconds - priced["top-1"], 0.0)
        share = more / (point + more)
        print(f"  {name:<24} {1e3 * seconds:7.1f} ms  {percent(share):>7} of the point")


def _scoring(outputs: Sequence[object], chunks: Sequence[Samples], metric: Metric) -> float:
    with torch.inference_mode():

        def run() -> None:
            join_outcomes([outcome_of(o, c, metric) for o, c in zip(outputs, chunks, strict=True)])

        return min(_seconds(run) for _ in range(ROUNDS))


def _seconds(run: Callable[[], object]) -> float:
    begun = time.process_time()
    run()
    return time.process_time() - begun


if __name__ == "__main__":
    main(sys.argv[1:])
