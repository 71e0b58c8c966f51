"""Calibration error: how far confidence and accuracy are apart, in fifteen bins of confidence."""

from typing import Any, Final

import torch
from torch import Tensor
from torch.nn import functional

from prunescope.metrics.class_rows import counted_rows, sample_count
from prunescope.metrics.set_metric import SetMetric
from prunescope.study.metric_summary import MetricSummary

_BINS: Final = 15


class CalibrationError(SetMetric):
    """``Σ share of bin · |mean confidence − accuracy|`` over equal bins; less is better.

    Source: Guo and others 2017, *On calibration of modern neural networks* (arXiv 1706.04599),
    section 2. It is not smooth where a bin's confidence equals its accuracy; there its interval is
    too narrow.
    """

    name = "calibration-error"
    rank = 25
    summary = MetricSummary("calibration-error", "%", False, 0.0, 1.0, over_set=True)

    def states(self, outputs: Any, targets: Any) -> Tensor:
        """Return each sample's confidence less its right answers, by bin."""
        rows, labels, counts = counted_rows(outputs, targets, self.name)
        confidence, answers = rows.float().softmax(1).nan_to_num(0.0).max(1)
        right = (answers == labels).float()
        bins = (confidence * _BINS).ceil().long().clamp(1, _BINS) - 1
        apart = torch.where(counts, confidence - right, 0.0)
        samples = sample_count(targets)
        each = functional.one_hot(bins, _BINS).float() * apart[:, None]
        return each.view(samples, -1, _BINS).mean(1)

    def compute(self, mean: Tensor) -> Tensor:
        """Return the sum of the bins' differences."""
        return mean.abs().sum()


METRIC: Final = CalibrationError()
