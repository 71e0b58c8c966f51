"""R²: how much of the targets' variance the outputs explain; 1 is all, 0 as good as the mean."""

from typing import Any, Final

import torch
from torch import Tensor

from prunescope.metrics.real_outputs import real_pairs
from prunescope.metrics.set_metric import SetMetric, mean_of_present
from prunescope.study.metric_summary import MetricSummary


class RSquared(SetMetric):
    """``1 − Σ(y − ŷ)² / Σ(y − mean y)²`` for each value of a sample, and the mean of these."""

    name = "r2"
    rank = 62
    has_classes = False
    summary = MetricSummary("r2", "", True, None, 1.0, 4, over_set=True)

    def states(self, outputs: Any, targets: Any) -> Tensor:
        """Return each sample's targets, their squares, and the squared errors."""
        own, wanted = real_pairs(outputs, targets, self.name)
        own, wanted = own.double(), wanted.double()
        return torch.cat([wanted, wanted.square(), (wanted - own).square()], 1)

    def compute(self, mean: Tensor) -> Tensor:
        """Return the explained share of the variance."""
        targets, squares, errors = mean.chunk(3)
        variance = squares - targets.square()
        return mean_of_present(1 - errors / variance, variance > 0)


METRIC: Final = RSquared()
