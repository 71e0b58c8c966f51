"""Balanced accuracy: the mean over the classes of how many of each are recognised."""

from typing import Any, Final

from torch import Tensor

from prunescope.metrics.confusion_states import confusion_states
from prunescope.metrics.set_metric import SetMetric, mean_of_present
from prunescope.study.metric_summary import MetricSummary


class BalancedAccuracy(SetMetric):
    """Mean recall of the classes that there are labels of."""

    name = "balanced-accuracy"
    rank = 20
    summary = MetricSummary("balanced-accuracy", over_set=True)

    def states(self, outputs: Any, targets: Any) -> Tensor:
        """Return each sample's counts of right answers, answers and labels by class."""
        return confusion_states(outputs, targets, self.name)

    def compute(self, mean: Tensor) -> Tensor:
        """Return the mean recall."""
        right, _, labels = mean.chunk(3)
        return mean_of_present(right / labels, labels > 0)


METRIC: Final = BalancedAccuracy()
