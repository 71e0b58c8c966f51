"""Top-k accuracy: whether the label is among the ``k`` most likely classes. Any ``k``."""

import re
from typing import Any, Final

from torch import Tensor

from prunescope.metrics.class_rows import counted_rows, mean_of_counted, sample_count
from prunescope.metrics.definition import MetricDefinition
from prunescope.study.metric_summary import MetricSummary

_NAME: Final = re.compile(r"top-([1-9]\d{0,5})")


class TopK(MetricDefinition):
    """The share of a sample's rows whose label is among the ``k`` largest logits.

    Args:
        k: How many classes are looked at.
    """

    def __init__(self, k: int) -> None:
        self.k = k
        self.name = f"top-{k}"
        self.rank = 10 + min(k, 9)
        self.summary = MetricSummary(self.name)

    def values(self, outputs: Any, targets: Any) -> Tensor:
        """Return the share of right rows of each sample; NaN and infinity are never right."""
        rows, labels, counts = counted_rows(outputs, targets, self.name)
        if self.k == 1:  # as predictions are taken everywhere else, ties included
            right = rows.argmax(1) == labels
        else:
            right = (rows.topk(min(self.k, rows.shape[1]), 1).indices == labels[:, None]).any(1)
        right &= rows.isfinite().all(1)
        return mean_of_counted(right, counts, sample_count(targets))

    def variant(self, name: str) -> MetricDefinition | None:
        """Return top-k for the ``k`` in ``name``.

        >>> TopK(1).variant("top-3").k
        3
        """
        match = _NAME.fullmatch(name)
        return TopK(int(match[1])) if match else None


METRIC: Final = TopK(1)
