"""Pixel accuracy: the share of a picture's pixels that get their label."""

from typing import Any, Final

import torch
from torch import Tensor

from prunescope.metrics.class_rows import IGNORED, counted_rows, logits, mean_of_counted
from prunescope.metrics.class_rows import sample_count as samples_of
from prunescope.metrics.definition import MetricDefinition
from prunescope.study.metric_summary import MetricSummary

VOID: Final = 255
"""The label of pixels that do not count, where that is no class: as data sets mark borders."""


class PixelAccuracy(MetricDefinition):
    """Right pixels over those that count: not labelled -100, nor 255 where that is no class."""

    name = "pixel-accuracy"
    rank = 30
    summary = MetricSummary("pixel-accuracy")

    def values(self, outputs: Any, targets: Any) -> Tensor:
        """Return the share of right pixels of each picture."""
        rows, labels, counts = counted_rows(outputs, without_void(outputs, targets), self.name)
        right = (rows.argmax(1) == labels) & rows.isfinite().all(1)
        return mean_of_counted(right, counts, samples_of(targets))


def without_void(outputs: Any, targets: Any) -> Tensor:
    """Return ``targets`` with -100 in place of 255, where there are not so many classes."""
    labels = torch.as_tensor(targets)
    rows = logits(outputs)
    classes = 0 if rows is None else rows.shape[1]
    return labels if classes > VOID else torch.where(labels == VOID, IGNORED, labels)


METRIC: Final = PixelAccuracy()
