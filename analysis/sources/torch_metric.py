"""A ``torchmetrics.Metric`` as a metric of a whole set.

Each sample's own states, as ``update`` leaves them after that sample alone, are its row. The metric
of all samples is ``compute`` of what ``torchmetrics`` itself would have: sums added up, lists one
behind the other. A sample's pseudo-value is that of the jackknife, centred so that the mean is the
metric exactly:

    θ + (n - 1) · (mean of θ without one - θ without this one)

Where states are sums and the metric is a smooth function of them, that is its slope at all samples'
sums (the infinitesimal jackknife): one call in place of one for each sample. That it is smooth is
seen by leaving some of the samples out (``_CHECKED`` blocks).

Else samples with equal sums are left out once for all of them. Where more than ``MOST`` different
ones remain, and for lists, ``BLOCKS`` blocks of samples are left out in turn, and a block's part is
spread over its samples such that the variance of the mean is the block jackknife's.

Sources: Efron and Tibshirani 1993, *An Introduction to the Bootstrap*, chapter 11; Künsch 1989,
*The jackknife and the bootstrap for general stationary observations*, Annals of Statistics 17.
"""

from __future__ import annotations

import contextlib
import copy
import hashlib
from dataclasses import replace
from typing import Any, Final

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from prunescope.capture.ragged import cut_sample
from prunescope.errors import BadValue, DataMismatch, PrunescopeError
from prunescope.metrics.set_metric import SetMetric
from prunescope.metrics.torch_state import TorchState
from prunescope.sources.batchwise_states import BatchwiseStates
from prunescope.sources.functions import source_hash
from prunescope.sources.user_metric import declared_summary
from prunescope.study.metric_summary import PERCENT, MetricSummary
from prunescope.user_code.guard import guarded

MOST: Final = 500
"""Different samples that are left out one by one."""
BLOCKS: Final = 100
_AGREEMENTS: Final = 4
"""Batches of which states told at once are compared with what the metric holds of them."""
_CHECKED: Final = 4
"""Blocks that are left out to see whether a slope says what that changes."""
_NEAR: Final = 0.2
"""How far, of the largest change, the slope may be off."""
_SHARES: Final = ("torchmetrics.classification", "torchmetrics.segmentation")
"""Where the bounds that a metric names for its plots, 0 and 1, are bounds of its values."""


def is_torch_metric(value: object) -> bool:
    """Return whether ``value`` is a ``torchmetrics.Metric``, or a class of them.

    >>> is_torch_metric(len)
    False
    """
    made = value if isinstance(value, type) else type(value)
    return any(f"{c.__module__}.{c.__name__}" == "torchmetrics.metric.Metric" for c in made.__mro__)


class TorchMetric(SetMetric):
    """One of the user's, on a copy that nobody else updates.

    Args:
        reference: What its user calls it.
        metric: An instance, or a class that needs no arguments.

    Raises:
        BadValue: It says not whether more is better, it has states that cannot be added up, or
            the class needs arguments.
    """

    rank = 1000

    def __init__(self, reference: str, metric: Any) -> None:
        if isinstance(metric, type):
            try:
                metric = metric()
            except TypeError as error:
                raise BadValue(
                    f"Expected metric {reference} to need no arguments, but its class does: "
                    f"{error}. Name an instance of it."
                ) from None
        self.name = reference
        self._metric = copy.deepcopy(metric).cpu()
        self._metric.reset()
        self._states = tuple(TorchState(reference, self._metric, name) for name in metric._defaults)
        if not self._states:
            raise BadValue(
                f"Expected metric {reference} to have states, but it has none of its own. Name "
                "one metric instead of a collection or a wrapper."
            )
        self._batchwise = BatchwiseStates(self._metric)
        self._agreed = 0
        self.summary = _summary(reference, self._metric)

    @property
    def identity(self) -> str:
        """A hash of its class's source and of its settings."""
        settings = sorted(
            (key, repr(value))
            for key, value in vars(self._metric).items()
            if key[:1] != "_" and key not in self._metric._defaults and not callable(value)
        )
        text = source_hash(self._metric) + repr(settings)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def states(self, outputs: Any, targets: Any) -> Tensor:
        """Return ``(n, k)`` float64 states of each sample alone.

        Raises:
            DataMismatch: Samples have states of different sizes, or other ones among others.
            BadReference: ``update`` fails.
        """
        metric = self._metric
        count = len(next(x for x in pytree.tree_leaves(targets) if hasattr(x, "__len__")))
        with self._called("update"):
            if self._agreed >= _AGREEMENTS and (quick := self._at_once(outputs, targets, count)):
                return torch.cat(quick, 1)
            metric.reset()
            metric.update(outputs, targets)
            together = [state.value(metric) for state in self._states]
            at_once = None
            if any(state.adds_up for state in self._states):
                at_once = self._at_once(outputs, targets, count)
                rows = at_once or self._one_by_one(outputs, targets, count)
            else:
                rows = [
                    state.cut(whole, count)
                    for state, whole in zip(self._states, together, strict=True)
                ]
            metric.reset()
        for state, mine, whole in zip(self._states, rows, together, strict=True):
            alone = mine.sum(0) if state.adds_up else mine.flatten()
            if not torch.allclose(alone, whole.flatten().double(), rtol=1e-4, atol=1e-6):
                raise DataMismatch(
                    f"Expected metric {self.name} to take a sample alone as among others, but its "
                    f"{state.name} differ: torchmetrics takes outputs for probabilities where all "
                    "of a batch lie between 0 and 1, else for logits. Apply sigmoid or softmax "
                    "in an update() of your own."
                )
        self._agreed += at_once is not None
        return torch.cat(rows, 1)

    def _at_once(self, outputs: Any, targets: Any, count: int) -> list[Tensor] | None:
        """Return the states of each sample by one update of all, None where that is not known."""
        known = self._batchwise(outputs, targets)
        if known is None or any(len(rows) != count for rows in known.values()):
            return None
        rows = [known[state.name] for state in self._states]
        widths = [own.shape[1] for own in rows]
        return rows if widths == [state.width for state in self._states] else None

    def _one_by_one(self, outputs: Any, targets: Any, count: int) -> list[Tensor]:
        """Return the states of each sample, ``(n, width)`` for each state."""
        rows: list[list[Tensor]] = [[] for _ in self._states]
        for at in range(count):
            self._metric.reset()
            self._metric.update(*cut_sample((outputs, targets), slice(at, at + 1), count))
            for row, state in zip(rows, self._states, strict=True):
                row.append(state.value(self._metric).flatten().double())
        for state, row in zip(self._states, rows, strict=True):
            if len({len(values) for values in row}) > 1:
                raise DataMismatch(
                    f"Expected metric {self.name} to keep equally much of every sample, but its "
                    f"{state.name} hold {min(map(len, row))} to {max(map(len, row))} numbers. "
                    "Write a function (outputs, targets) that returns one score for each sample."
                )
        return [torch.stack(row) for row in rows]

    def pseudo_values(self, states: Tensor) -> Tensor:
        """Return ``(n,)`` values whose mean is the metric of all samples with ``states``."""
        count, rows = len(states), states.double()
        if count < 2:
            return torch.full((count,), self._computed(rows), dtype=torch.float64)
        whole = self._computed(rows)
        if (smooth := self._by_slope(rows, whole)) is not None:
            return smooth
        groups, of_sample, sizes = self._left_out(rows)
        without = torch.tensor([self._computed(rows[~g]) for g in groups], dtype=torch.float64)
        if sizes is None:  # each group stands for equal samples, of which one is left out
            parts = without[of_sample]
            alone: Tensor = (count - 1) * (parts.mean() - parts)
            return alone + whole
        influence: Tensor = (len(groups) - 1) * ((without * sizes).sum() / count - without)
        spread: Tensor = influence[of_sample] * (count / len(groups)) ** 0.5
        return spread + whole

    def _by_slope(self, rows: Tensor, whole: float) -> Tensor | None:
        """Pseudo-values by the slope of the metric at the sums; None where it is not smooth."""
        if not all(state.adds_up for state in self._states):
            return None
        count = len(rows)
        with torch.inference_mode(False), torch.enable_grad():
            rows = rows.clone()
            total = rows.sum(0).requires_grad_()
            try:
                value = self._value(total[None])
                (slope,) = torch.autograd.grad(value, total)
            except (PrunescopeError, RuntimeError):
                return None  # it computes in numpy, or counts again
        parts = rows @ slope
        influence = count * (parts - parts.mean())
        blocks = torch.arange(count) * _CHECKED // count
        changes, told = [], []
        for block in range(min(_CHECKED, count)):
            out = blocks == block
            changes.append(self._computed(rows[~out]) - whole)
            told.append(-float(influence[out].sum()) / (count - int(out.sum())))
        real, linear = torch.tensor(changes), torch.tensor(told)
        # leaving a fourth out bends the function too, by about a third of the change
        bend = 0.5 * real.abs().max() + _NEAR * float(influence.std()) / count**0.5
        smooth = bool(((real - linear).abs() <= bend + 1e-9).all())
        return influence + whole if smooth and bool(influence.isfinite().all()) else None

    def _left_out(self, rows: Tensor) -> tuple[list[Tensor], Tensor, Tensor | None]:
        """Return which samples are left out in turn, each one's group, and sizes of blocks."""
        count = len(rows)
        if all(state.adds_up for state in self._states):
            different, of_sample = torch.unique(rows, dim=0, return_inverse=True)
            if len(different) <= MOST:
                first = torch.full((len(different),), count, dtype=torch.long)
                first = first.scatter_reduce(0, of_sample, torch.arange(count), "amin")
                return [torch.arange(count) == i for i in first], of_sample, None
        blocks = min(BLOCKS, count)
        of_sample = torch.arange(count) * blocks // count
        sizes = of_sample.bincount(minlength=blocks).double()
        return [of_sample == block for block in range(blocks)], of_sample, sizes

    def _computed(self, rows: Tensor) -> float:
        """The metric of the samples with ``rows``."""
        return float(self._value(rows))

    def _value(self, rows: Tensor) -> Tensor:
        metric = self._metric
        with self._called("compute"):
            metric.reset()
            parts = torch.split(rows, [state.width for state in self._states], 1)
            for state, part in zip(self._states, parts, strict=True):
                state.put(metric, part)
            metric._update_count = len(rows)
            value: object = metric.compute()
            metric.reset()
        if not isinstance(value, Tensor) or value.numel() != 1:
            got = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
            raise BadValue(
                f"Expected metric {self.name} to compute one number, but got {got}. Set its "
                "average, for example to 'macro'."
            )
        return value.reshape(())

    def _called(self, what: str) -> contextlib.AbstractContextManager[None]:
        return guarded(
            f"metric {self.name} to {what}", "Mend it, or its settings.", doing=f"{self.name}"
        )


def _summary(reference: str, metric: Any) -> MetricSummary:
    """What the metric says about its numbers, or its user in the attributes of any metric."""
    if not isinstance(metric.higher_is_better, bool):
        raise BadValue(
            f"Expected metric {reference} to say whether more is better, but it does not. Set "
            "its attribute higher_is_better."
        )
    bounds = (metric.plot_lower_bound, metric.plot_upper_bound)
    share = type(metric).__module__.startswith(_SHARES) and bounds == (0.0, 1.0)
    stated, declared = declared_summary(reference, metric)
    short = stated.name
    if share:
        plain = MetricSummary(short, PERCENT, metric.higher_is_better, over_set=True)
    else:
        plain = MetricSummary(short, "", metric.higher_is_better, None, None, None, over_set=True)
    named = any(hasattr(metric, key) for key in ("unit", "least", "most", "decimals"))
    return replace(stated, over_set=True) if declared and named else plain
