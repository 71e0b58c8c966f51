"""Perplexity: e to the power of the mean cross-entropy over all samples."""

from typing import Any, Final

from torch import Tensor

from prunescope.metrics.cross_entropy import nats
from prunescope.metrics.definition import MetricDefinition
from prunescope.study.metric_summary import PERPLEXITY


class Perplexity(MetricDefinition):
    """``exp`` of the mean of the samples' losses; samples of different lengths count alike.

    A sample's value is its loss in nats: means, intervals and limits are made of these, and ``exp``
    is taken of what is shown.
    """

    name = "perplexity"
    rank = 41
    summary = PERPLEXITY

    def values(self, outputs: Any, targets: Any) -> Tensor:
        """Return the mean cross-entropy of each sample, in nats."""
        return nats(outputs, targets, self.name)


METRIC: Final = Perplexity()
