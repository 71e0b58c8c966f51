"""One state of a ``torchmetrics.Metric``: what it holds of each sample, and of many together."""

from typing import Any

import torch
from torch import Tensor

from prunescope.errors import BadValue, DataMismatch


class TorchState:
    """One of the metric's states: a tensor that adds up, or a list that grows.

    Attributes:
        name: As the metric calls it.
        adds_up: Whether it is a sum over samples.
        width: Numbers that it holds of one sample, once a batch was seen.
    """

    def __init__(self, reference: str, metric: Any, name: str) -> None:
        reduction = getattr(metric._reductions[name], "__name__", "")
        listed = isinstance(metric._defaults[name], list)
        if not (listed and reduction in ("", "dim_zero_cat")) and reduction != "dim_zero_sum":
            raise BadValue(
                f"Expected metric {reference} to have states that add up over samples, but its "
                f"{name} do not. Write a function (outputs, targets) that returns one score for "
                "each sample."
            )
        self.name, self.adds_up, self.width = name, not listed, 0
        self._shape: tuple[int, ...] = ()
        self._dtype = torch.float32

    def value(self, metric: Any) -> Tensor:
        """Return what the metric holds now."""
        value: Any = getattr(metric, self.name)
        if not self.adds_up:
            value = torch.cat([x.reshape(-1) if x.ndim == 0 else x for x in value])
            self._shape = tuple(value.shape[1:])
        self._dtype = value.dtype
        if self.adds_up:
            self._shape, self.width = tuple(value.shape), value.numel()
        held: Tensor = value.detach()
        return held

    def cut(self, whole: Tensor, count: int) -> Tensor:
        """Return ``(count, width)`` of a list's numbers, which hold equally much of each sample.

        Raises:
            DataMismatch: They do not.
        """
        if len(whole) % count:
            raise DataMismatch(
                f"Expected {self.name} to hold equally much of every sample, but it holds "
                f"{len(whole)} rows of {count} samples. Write a function (outputs, targets) that "
                "returns one score for each sample."
            )
        rows = whole.reshape(count, -1).double()
        self.width = rows.shape[1]
        return rows

    def put(self, metric: Any, rows: Tensor) -> None:
        """Let the metric hold what it would after these samples."""
        if self.adds_up:
            # sums with a gradient stay real numbers, as counts have none
            dtype = torch.float64 if rows.requires_grad else self._dtype
            setattr(metric, self.name, rows.sum(0).reshape(self._shape).to(dtype))
        else:
            setattr(metric, self.name, [rows.reshape(-1, *self._shape).to(self._dtype)])
