"""The plain loop: for every point, mask one layer and evaluate every sample.

The reference that any faster engine has to equal sample for sample.
"""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict

import torch
from torch import nn

from analysis.criteria.scores import Scores
from analysis.errors import CannotPrune
from analysis.evaluate import Outcome, compare, evaluate
from analysis.pruned import select_one, selected
from analysis.recovery.batch_norm import recovered
from analysis.store.measurements import Measurement
from analysis.study import MEASUREMENT_VERSION
from analysis.sweep.points import Point
from analysis.workbench import Workbench


def measure(
    bench: Workbench, todo: Iterable[Point]
) -> Iterator[tuple[Point, Measurement | CannotPrune]]:
    """Yield the measurement of each point; the network's weights are back after each.

    Units are really removed: their points are measured on the smaller network. A point that
    cannot be had (a criterion that finds nothing to read in this group, units whose removal would
    leave a layer empty) yields the reason instead.
    """
    scores = Scores(bench.network, bench.splits.calibration, bench.groups)
    dense = {"none": bench.dense}
    for point in todo:
        if point.recovery not in dense:  # the reference goes through the same recovery
            with recovered(bench, point.recovery):
                dense[point.recovery] = _evaluate(bench, bench.network.module)
        try:
            yield point, _measured(bench, scores, point, dense[point.recovery])
        except CannotPrune as reason:
            yield point, reason


def _measured(bench: Workbench, scores: Scores, point: Point, dense: Outcome) -> Measurement:
    chosen = select_one(scores, point.subject, point.method, point.sparsity, point.seed)
    with selected(bench.network, chosen) as module, recovered(bench, point.recovery, module):
        compressed = sum(deflated(module, name) for name in chosen.masks)
        outcome = _evaluate(bench, module)
    keep = next(iter((*chosen.masks.values(), *chosen.units.values())))
    sums = compare(dense, outcome, bench.splits.validation.targets, bench.classes)
    return Measurement(
        bench.manifest.fingerprint, MEASUREMENT_VERSION, point.subject,
        point.method.criterion, point.method.granularity, point.sparsity, point.recovery,
        point.seed, keep.numel() - int(keep.sum()), keep.numel(), compressed, **asdict(sums),
    )  # fmt: skip


def deflated(module: nn.Module, parameter: str) -> int:
    """Return the bytes of a weight after deflate (zlib, level 6)."""
    weight = module.get_parameter(parameter).detach().cpu().flatten()
    return len(zlib.compress(weight.view(torch.uint8).numpy().tobytes(), 6))


def _evaluate(bench: Workbench, module: nn.Module) -> Outcome:
    return evaluate(module, bench.splits.validation, bench.metric, bench.batch)
