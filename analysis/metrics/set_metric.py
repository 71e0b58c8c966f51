"""Metrics of a whole set: no mean of samples' own values, but a function of what they add up to.

Each sample gives a *state*, such as its row of a confusion matrix. The metric is a smooth function
``f`` of the mean state ``m`` of all ``n`` samples. To each sample belongs a pseudo-value

    f(m) + ∇f(m) · (state − m)

whose mean is the metric exactly, and whose spread is that of the infinitesimal jackknife: so means,
paired intervals, predictions and limits are made of them as of samples' own values. They are known
once all samples are seen, and not before: a sweep evaluates every sample at once.

Source: Efron and Tibshirani 1993, *An Introduction to the Bootstrap*, section 21.4 and 22.6.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from prunescope.metrics.definition import MetricDefinition


class SetMetric(MetricDefinition):
    """A metric of a set of samples. Derive from it, with ``states`` and ``compute``."""

    def states(self, outputs: Any, targets: Any) -> Tensor:
        """Return ``(n, k)`` states, one row for each sample.

        Where batches differ in ``k``, the shorter rows are filled up with NaN.
        """
        raise NotImplementedError

    def compute(self, mean: Tensor) -> Tensor:
        """Return the metric, a scalar, of the ``(k,)`` float64 mean of all states."""
        raise NotImplementedError

    def pseudo_values(self, states: Tensor) -> Tensor:
        """Return ``(n,)`` values whose mean is the metric of all samples with ``states``."""
        with torch.inference_mode(False), torch.enable_grad():
            rows = states.clone().double()
            mean = rows.mean(0).requires_grad_()
            value = self.compute(mean)
            (slope,) = torch.autograd.grad(value, mean, allow_unused=True)
        slope = torch.zeros_like(mean) if slope is None else slope
        return value.detach() + (rows - mean.detach()) @ slope.nan_to_num(0.0)

    def values(self, outputs: Any, targets: Any) -> Tensor:
        """Return the pseudo-values of these samples alone."""
        return self.pseudo_values(self.states(outputs, targets))


def mean_of_present(values: Tensor, present: Tensor) -> Tensor:
    """Return the mean of the classes that are present, 0 where none is."""
    return values[present].mean() if bool(present.any()) else values.sum() * 0
