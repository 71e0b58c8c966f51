"""States of each sample from one update of a whole batch, for metrics whose states are known.

``torchmetrics`` counts right and wrong answers (accuracy, F1, precision, recall, specificity …),
confusion matrices (Jaccard, kappa, Matthews …) and squared or absolute errors. Of these each
sample's own part is told at once; of any other metric a sample is updated by itself, which takes
0.3 ms. ``TorchMetric`` compares the sum with what the metric itself holds of the batch.
"""

import copy
from typing import Any, Final

import torch
from torch import Tensor

_COUNTS: Final = {"tp", "fp", "tn", "fn"}
_ERRORS: Final = {
    "MeanSquaredError": "sum_squared_error", "MeanAbsoluteError": "sum_abs_error",
}  # fmt: skip
"""Class of a metric → the state that its errors add up in."""
_LARGEST: Final = 1 << 24
"""Numbers that confusion matrices of a batch may have together."""


class BatchwiseStates:
    """Tells each sample's states of one metric.

    Args:
        metric: A ``torchmetrics.Metric``, not changed.
    """

    def __init__(self, metric: Any) -> None:
        self._metric = metric
        self._samplewise: Any = None
        names = set(metric._defaults)
        # a subclass of the user's may update otherwise
        is_own = type(metric).__module__.startswith("torchmetrics.")
        self._counts = (
            is_own and names == _COUNTS and getattr(metric, "multidim_average", "") == "global"
        )
        self._confusion = is_own and names == {"confmat"} and hasattr(metric, "num_classes")
        single = getattr(metric, "num_outputs", 1) == 1
        self._error = _ERRORS.get(type(metric).__name__, "") if is_own and single else ""

    def __call__(self, outputs: Any, targets: Any) -> dict[str, Tensor] | None:
        """Return by name ``(n, width)`` states of each sample, None where that is not known.

        Args:
            outputs: Of ``n`` samples.
            targets: Likewise.
        """
        if not isinstance(outputs, Tensor) or not isinstance(targets, Tensor) or not targets.ndim:
            return None
        if self._counts:
            return self._by_count(outputs, targets)
        if self._confusion:
            return _confusion(self._metric, outputs, targets)
        if self._error:
            return _errors(self._error, outputs, targets)
        return None

    def _by_count(self, outputs: Tensor, targets: Tensor) -> dict[str, Tensor] | None:
        metric = self._metric
        if not hasattr(metric, "num_classes") and outputs.is_floating_point():
            inside = ((outputs >= 0) & (outputs <= 1)).reshape(len(outputs), -1).all(1)
            if bool(inside.any()) and not bool(inside.all()):
                return None  # taken for logits together, and some for probabilities alone
        if self._samplewise is None:
            self._samplewise = copy.deepcopy(metric)
            self._samplewise.multidim_average = "samplewise"
            self._samplewise._create_state(size=metric.tp.numel(), multidim_average="samplewise")
        apart = self._samplewise
        apart.reset()
        samples = len(targets)
        if targets.ndim == (2 if hasattr(metric, "num_labels") else 1):
            outputs, targets = outputs[..., None], targets[..., None]
        apart.update(outputs, targets)
        rows = {name: torch.cat(getattr(apart, name)) for name in _COUNTS}
        width = metric.tp.numel()
        by_sample = {name: own.reshape(samples, -1).double() for name, own in rows.items()}
        return {
            name: own.sum(1, keepdim=True) if width == 1 else own for name, own in by_sample.items()
        }


def _errors(name: str, outputs: Tensor, targets: Tensor) -> dict[str, Tensor]:
    apart = (outputs.double() - targets.double()).reshape(len(targets), -1)
    size = apart.square() if name == _ERRORS["MeanSquaredError"] else apart.abs()
    total = torch.full((len(targets), 1), float(apart.shape[1]), dtype=torch.float64)
    return {name: size.sum(1, keepdim=True), "total": total}


def _confusion(metric: Any, outputs: Tensor, targets: Tensor) -> dict[str, Tensor] | None:
    classes, samples = metric.num_classes, len(targets)
    if samples * classes**2 > _LARGEST:
        return None
    answers = outputs.argmax(1) if outputs.ndim == targets.ndim + 1 else outputs
    answers, labels = answers.reshape(samples, -1), targets.reshape(samples, -1)
    counted = torch.ones_like(labels, dtype=torch.bool)
    if metric.ignore_index is not None:
        counted = labels != metric.ignore_index
    places = (torch.arange(samples)[:, None] * classes + labels) * classes + answers
    cells = torch.bincount(places[counted].long(), minlength=samples * classes**2)
    return {"confmat": cells.reshape(samples, -1).double()}
