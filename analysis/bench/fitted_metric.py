"""A metric and labels fitted to what a network returns: which output is read, and as what."""

from dataclasses import replace
from typing import Final

import torch
from torch import Tensor

from prunescope.bench.evaluate import Outcome, evaluate
from prunescope.bench.fidelity import FIDELITY, few_samples
from prunescope.capture.network import Network
from prunescope.commands import next_steps
from prunescope.errors import DataMismatch
from prunescope.metrics.class_rows import IGNORED, class_labels, logits
from prunescope.metrics.named_parts import output_with_target
from prunescope.metrics.other_outputs import OtherOutputs, logits_leaf
from prunescope.sources.metrics import Metric
from prunescope.sources.splits import Samples, Splits

_MOST: Final = 512
"""Samples whose targets are looked at."""


def with_outputs(network: Network, splits: Splits, metric: Metric) -> Metric:
    """The metric with what it reads: of which output, and whether that is class logits."""
    metric = _reading(network, splits, metric)
    targets = metric.labels(splits.validation.chunk(0, _MOST).targets)
    if metric.relative or targets is None or not targets.is_floating_point():
        return metric
    with torch.inference_mode():
        outputs = metric.output(network(splits.validation.chunk(0, 2).inputs))
    leaf = logits_leaf(outputs)
    per_sample = targets.numel() // len(targets)
    is_real = leaf is not None and leaf.numel() // len(leaf) == per_sample and not _soft(targets)
    return replace(metric, has_classes=metric.has_classes and not is_real)


def _soft(targets: Tensor) -> bool:
    """Whether real targets are probabilities of classes rather than values."""
    if targets.ndim < 2 or bool((targets < 0).any()):
        return False
    return bool(torch.isclose(targets.sum(1), torch.ones(()), atol=1e-3).all())


def _reading(network: Network, splits: Splits, metric: Metric) -> Metric:
    """The metric, of one output where it comes with Prunescope and targets are several tensors."""
    some = splits.validation.chunk(0, 2)
    is_own = metric.reads_all or (metric.identity != metric.name and not metric.relative)
    if metric.reads or is_own or some.targets is None or isinstance(some.targets, Tensor):
        return metric
    with torch.inference_mode():
        outputs = network(some.inputs)
    name = output_with_target(outputs, some.targets, metric.has_classes)
    if not name:
        raise DataMismatch(
            f"Expected a target for an output that {metric.name} can read, but none has the name "
            "and kind of one. Name the targets as the outputs, or give your own metric: "
            f"{next_steps.own_metric()}."
        )
    return metric.reading(name)


def others_of(network: Network, splits: Splits, metric: Metric) -> OtherOutputs | None:
    """The outputs beside class logits, with the variance that they have on calibration samples."""
    if metric.name == FIDELITY:
        return metric.others
    with torch.inference_mode():
        outputs = network(few_samples(network, splits.calibration).inputs)
    return OtherOutputs.of(outputs, metric.output(outputs) if metric.has_classes else None)


def labelled_by_dense(network: Network, splits: Splits, metric: Metric, batch: int) -> Splits:
    """The same splits with the dense model's predictions as targets."""

    def label(samples: Samples) -> Samples:
        unlabelled = replace(samples, targets=None)
        outcome = evaluate(network.module, unlabelled, metric, batch)
        predicted = outcome.predicted if metric.has_classes else outcome.others
        predicted = None if predicted is None else predicted.clone()  # gradients may read it
        if predicted is None:
            return samples
        n = len(samples)
        return replace(samples, targets=predicted if len(predicted) == n else predicted.view(n, -1))

    return replace(
        splits,
        calibration=label(splits.calibration),
        validation=label(splits.validation),
        test=label(splits.test),
    )


def require_labels(network: Network, splits: Splits, dense: Outcome, metric: Metric) -> None:
    """Labels that fit in one split must fit in all, or a criterion fails in the middle."""
    if dense.entropy is None:
        return
    for name in ("calibration", "test"):
        samples = splits.named(name)
        if samples.targets is None:
            raise DataMismatch(
                f"Expected labels in every split, but {name} has none. Add them, or leave all "
                "labels out to measure agreement with the dense model."
            )
        with torch.inference_mode():
            rows = logits(metric.output(network(samples.chunk(0, 1).inputs)))
        if rows is None:
            continue
        per_sample = len(rows)
        wide = rows[:1].expand(per_sample * len(samples), -1)
        labels = metric.labels(samples.targets)
        if labels is None:
            continue
        labels = torch.where(labels == IGNORED, 0, labels)
        class_labels(wide, labels, f"the {name} split")
