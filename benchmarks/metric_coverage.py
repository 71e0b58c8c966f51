"""How often the paired interval of a set metric's drop covers the truth: 300 samples of a pool.

The pool are real predictions of a sample model, dense and pruned by magnitude, on all pictures of
validation and test together (16,000): the metric's drop over the pool is the truth. Each of 300
times some of them are drawn, and the interval that a study would show is made of them: paired, of
pseudo-values, for samples like these. Detections are of the small scenes of ``tests/scenes.py``,
4,000 of them, by a detector trained there.

    python -m benchmarks.metric_coverage
"""

import numpy as np
import torch
from torch import Tensor
from torchmetrics.classification import MulticlassF1Score

from prunescope.bench.workbench import prepare
from prunescope.capture.network import forward
from prunescope.capture.ragged import gather, take_targets
from prunescope.metrics.registry import metric_definition
from prunescope.metrics.set_metric import SetMetric
from prunescope.sources.torch_metric import TorchMetric
from prunescope.statistics.paired import paired_interval
from prunescope.study import Reference
from tests.scenes import scenes, trained_detector

DRAWS = 300
SIZES = (250, 1000)
CLASS_METRICS = ("balanced-accuracy", "macro-f1", "miou", "dice", "auroc", "calibration-error")
SPARSITY = 0.7


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    print("# Coverage of set metrics' intervals\n")
    print(f"Share of {DRAWS} samples whose 95 % interval covers the drop over the whole pool.\n")
    print("| metric | pool | drop over the pool | " + " | ".join(f"n = {n}" for n in SIZES) + " |")
    print("| --- | --- | --- | " + " | ".join("---" for _ in SIZES) + " |")
    dense, pruned, labels = _classified("mlp")
    metrics: dict[str, SetMetric] = {}
    for name in CLASS_METRICS:
        found = metric_definition(name)
        assert isinstance(found, SetMetric)
        metrics[name] = found
    metrics["torchmetrics F1"] = TorchMetric("f1", MulticlassF1Score(10))
    for name, metric in metrics.items():
        _row(name, "mlp, 16,000 pictures", metric, metric.states(dense, labels),
             metric.states(pruned, labels))  # fmt: skip
    detections = metric_definition("map")
    assert isinstance(detections, SetMetric)
    _row("map", "scenes, 4,000 pictures", detections, *_detected(detections))


def _row(name: str, pool: str, metric: SetMetric, dense: Tensor, pruned: Tensor) -> None:
    truth = float((metric.pseudo_values(dense) - metric.pseudo_values(pruned)).mean())
    generator = np.random.default_rng(0)
    shares = []
    for size in SIZES:
        covered = 0
        for _ in range(DRAWS):
            rows = torch.from_numpy(generator.permutation(len(dense))[:size])
            drop = metric.pseudo_values(dense[rows]) - metric.pseudo_values(pruned[rows])
            interval = paired_interval(size, drop.sum().item(), drop.square().sum().item())
            covered += interval.low <= truth <= interval.high
        shares.append(f"{covered / DRAWS:.3f}")
    print(f"| {name} | {pool} | {truth:.4f} | {' | '.join(shares)} |", flush=True)


def _classified(model: str) -> tuple[Tensor, Tensor, Tensor]:
    bench = prepare(Reference(f"sample:{model}", "sample:fashion-mnist"))
    parts = [bench.splits.validation, bench.splits.test]
    inputs = torch.cat([torch.as_tensor(part.inputs) for part in parts])
    labels = torch.cat([part.targets for part in parts])
    module = bench.network.module
    with torch.no_grad():
        dense = torch.cat([forward(module, chunk) for chunk in torch.split(inputs, 512)])
        for parameter in module.parameters():
            _prune(parameter)
        pruned = torch.cat([forward(module, chunk) for chunk in torch.split(inputs, 512)])
    return dense, pruned, labels


def _detected(metric: SetMetric) -> tuple[Tensor, Tensor]:
    images, entries = scenes(4000, 9)
    targets = gather(entries)
    model = trained_detector(400)
    states = []
    with torch.no_grad():
        for _ in range(2):
            parts = [
                metric.states(model(images[at : at + 500]),
                              take_targets(targets, slice(at, at + 500)))
                for at in range(0, len(images), 500)
            ]  # fmt: skip
            width = max(part.shape[1] for part in parts)
            states.append(torch.cat([
                torch.nn.functional.pad(part, (0, width - part.shape[1]), value=torch.nan)
                for part in parts
            ]))  # fmt: skip
            _prune(model.body.get_parameter("2.weight"))
    return states[0], states[1]


def _prune(weights: Tensor) -> None:
    if weights.ndim > 1:
        limit = weights.abs().flatten().sort().values[int(SPARSITY * weights.numel())]
        weights.data[weights.abs() < limit] = 0.0


if __name__ == "__main__":
    main()
