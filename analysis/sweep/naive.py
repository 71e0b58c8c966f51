"""The plain loop: for every point, mask one layer and evaluate every sample.

The reference that any faster engine has to equal sample for sample.
"""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict

from torch import nn

from analysis.criteria.scores import Scores
from analysis.evaluate import Outcome, compare, evaluate
from analysis.pruned import pruned
from analysis.recovery.batch_norm import recovered
from analysis.store.measurements import Measurement
from analysis.study import MEASUREMENT_VERSION
from analysis.sweep.points import Point
from analysis.workbench import Workbench


def measure(bench: Workbench, todo: Iterable[Point]) -> Iterator[tuple[Point, Measurement]]:
    """Yield the measurement of each point; the network's weights are back after each."""
    scores = Scores(bench.network, bench.splits.calibration)
    layers = {layer.name: layer for layer in bench.network.prunable()}
    dense = {"none": bench.dense}
    module = bench.network.module
    for point in todo:
        layer = layers[point.subject]
        keep = scores.mask(point.method.criterion, layer, point.sparsity, point.seed)
        if point.recovery not in dense:  # the reference goes through the same recovery
            with recovered(bench, point.recovery):
                dense[point.recovery] = _evaluate(bench)
        with pruned(module, {layer.parameter: keep}), recovered(bench, point.recovery):
            compressed = deflated(module, layer.parameter)
            outcome = _evaluate(bench)
        removed = keep.numel() - int(keep.sum())
        sums = compare(
            dense[point.recovery], outcome, bench.splits.validation.targets, bench.classes
        )
        yield point, Measurement(
            bench.manifest.fingerprint, MEASUREMENT_VERSION, point.subject,
            point.method.criterion, point.method.granularity, point.sparsity, point.recovery,
            point.seed, removed, keep.numel(), compressed, **asdict(sums),
        )  # fmt: skip


def deflated(module: nn.Module, parameter: str) -> int:
    """Return the bytes of a weight after deflate (zlib, level 6)."""
    weight = module.get_parameter(parameter).detach().cpu().contiguous()
    return len(zlib.compress(weight.numpy().tobytes(), 6))


def _evaluate(bench: Workbench) -> Outcome:
    return evaluate(bench.network.module, bench.splits.validation, bench.metric, bench.batch)
