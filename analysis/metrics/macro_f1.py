"""Macro F1: the mean over the classes of the harmonic mean of precision and recall."""

from typing import Any, Final

from torch import Tensor

from prunescope.metrics.confusion_states import confusion_states
from prunescope.metrics.set_metric import SetMetric, mean_of_present
from prunescope.study.metric_summary import MetricSummary


class MacroF1(SetMetric):
    """``2 right / (answers + labels)``, the mean over classes that were answered or labelled."""

    name = "macro-f1"
    rank = 21
    summary = MetricSummary("macro-f1", over_set=True)

    def states(self, outputs: Any, targets: Any) -> Tensor:
        """Return each sample's counts of right answers, answers and labels by class."""
        return confusion_states(outputs, targets, self.name)

    def compute(self, mean: Tensor) -> Tensor:
        """Return the mean F1."""
        right, answers, labels = mean.chunk(3)
        return mean_of_present(2 * right / (answers + labels), answers + labels > 0)


METRIC: Final = MacroF1()
