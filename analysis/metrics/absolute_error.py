"""Mean absolute error over a sample's values, in their own unit; less is better."""

from typing import Any, Final

from torch import Tensor

from prunescope.metrics.definition import MetricDefinition
from prunescope.metrics.real_outputs import real_pairs
from prunescope.study.metric_summary import MetricSummary


class AbsoluteError(MetricDefinition):
    """Mean absolute error of each sample's outputs against its targets."""

    name = "mae"
    rank = 61
    has_classes = False
    summary = MetricSummary("mae", "", False, 0.0, None, None)

    def values(self, outputs: Any, targets: Any) -> Tensor:
        """Return the error of each sample."""
        own, wanted = real_pairs(outputs, targets, self.name)
        return (own - wanted).abs().mean(1)


METRIC: Final = AbsoluteError()
