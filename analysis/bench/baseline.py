"""What the dense network scores: the baseline, and what is stored beside the drawn metric."""

import torch
from torch import Tensor

from prunescope.bench.evaluate import Outcome
from prunescope.errors import DataMismatch
from prunescope.sources.metrics import Metric
from prunescope.study import Baseline
from prunescope.study.metric_summary import MetricSummary
from prunescope.study.other_metric import OtherMetric


def baseline_of(dense: Outcome, targets: Tensor | None, metric: MetricSummary) -> Baseline:
    """Return what the dense network scored, over all samples and for each class.

    Args:
        dense: Its outcome on the validation split.
        targets: ``(n,)`` labels, if there are any.
        metric: What the scores are.
    """
    samples: tuple[int, ...] = ()
    correct: tuple[int, ...] = ()
    probabilities = dense.log_probabilities
    if (
        dense.entropy is not None
        and probabilities is not None
        and targets is not None
        and targets.shape == probabilities.shape[:1]
    ):
        classes = probabilities.shape[1]
        samples = tuple(torch.bincount(targets, minlength=classes).tolist())
        correct = dense.class_correct(targets, classes)
    return Baseline(
        samples=len(dense.score),
        score=dense.score.double().mean().item(),
        cross_entropy=None if dense.entropy is None else dense.entropy.double().mean().item(),
        class_samples=samples,
        class_correct=correct,
        scale=1.0 if metric.is_share else largest(dense.score),
    )


def other_metrics_of(dense: Outcome, metric: Metric) -> tuple[OtherMetric, ...]:
    """What is stored beside the drawn metric; refused where the dense network has no score.

    Raises:
        DataMismatch: The dense model's score by one of them is NaN or infinite.
    """
    others = []
    for other, known in zip(metric.also, dense.also, strict=True):
        if not bool(known.score.isfinite().all()):
            raise DataMismatch(
                f"Expected finite scores of the dense model by {other.name}, but some are NaN or "
                "infinite. Check the metric."
            )
        summary = other.summary_for(known.score)
        score = known.score.double().mean().item()
        scale = 1.0 if summary.is_share else largest(known.score)
        others.append(OtherMetric(other.name, summary, score, scale))
    return tuple(others)


def largest(scores: Tensor) -> float:
    """Return the largest size of a score, 1 where there is none but 0: how far one may change."""
    return scores.abs().max().item() or 1.0 if len(scores) else 1.0
