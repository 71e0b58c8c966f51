"""Dice: twice the overlap of answered and labelled pixels over their sum, mean over classes."""

from typing import Any, Final

from torch import Tensor

from prunescope.metrics.confusion_states import confusion_states
from prunescope.metrics.pixel_accuracy import without_void
from prunescope.metrics.set_metric import SetMetric, mean_of_present
from prunescope.study.metric_summary import MetricSummary


class Dice(SetMetric):
    """Over all pixels of all pictures together; pixels labelled -100 or 255 do not count."""

    name = "dice"
    rank = 32
    summary = MetricSummary("dice", over_set=True)

    def states(self, outputs: Any, targets: Any) -> Tensor:
        """Return each picture's counts of right, answered and labelled pixels by class."""
        return confusion_states(outputs, without_void(outputs, targets), self.name)

    def compute(self, mean: Tensor) -> Tensor:
        """Return the mean over the classes that are answered or labelled."""
        right, answers, labels = mean.chunk(3)
        return mean_of_present(2 * right / (answers + labels), answers + labels > 0)


METRIC: Final = Dice()
