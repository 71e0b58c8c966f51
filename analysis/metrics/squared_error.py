"""Mean squared error over a sample's values; less is better."""

from typing import Any, Final

from torch import Tensor

from prunescope.metrics.definition import MetricDefinition
from prunescope.metrics.real_outputs import real_pairs
from prunescope.study.metric_summary import MetricSummary


class SquaredError(MetricDefinition):
    """Mean squared error of each sample's outputs against its targets."""

    name = "mse"
    rank = 60
    has_classes = False
    summary = MetricSummary("mse", "", False, 0.0, None, None)

    def values(self, outputs: Any, targets: Any) -> Tensor:
        """Return the error of each sample."""
        own, wanted = real_pairs(outputs, targets, self.name)
        return (own - wanted).square().mean(1)


METRIC: Final = SquaredError()
