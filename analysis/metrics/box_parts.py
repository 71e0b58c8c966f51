"""What a detector returns and what it should: boxes, scores and classes, as dense tensors.

Outputs are read by name from a dict, or by place from a tuple of three:

- ``boxes`` ``(n, k, 4)``: ``k`` candidates of each picture, corners ``x₁ y₁ x₂ y₂`` in the unit of
  the targets' boxes.
- ``scores`` ``(n, k)`` with ``labels`` ``(n, k)``; or ``scores`` ``(n, k, classes)``, or ``logits``
  of that shape, of which the sigmoid is taken: then the class with the largest counts.

A score of 0 or less, one that is not finite, or a label below 0 marks a place without a candidate,
for pictures with fewer than ``k``.

Targets are a dict of ``boxes`` and ``labels``: each picture's own number of them (``Ragged``), or
padded with the label -1.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor

from prunescope.capture.ragged import Ragged
from prunescope.errors import DataMismatch

_PLACES: Final = ("boxes", "scores", "labels")
_CORNERS: Final = 4


@dataclass(frozen=True)
class Boxes:
    """Boxes of ``n`` pictures, the most certain first.

    Attributes:
        boxes: ``(n, k, 4)`` float64 corners.
        labels: ``(n, k)`` int64, -1 where there is none.
        scores: ``(n, k)`` float32; of true boxes 1.
    """

    boxes: Tensor
    labels: Tensor
    scores: Tensor


def candidate_boxes(outputs: Any, name: str) -> Boxes:
    """Return a detector's candidates, for the metric ``name``.

    Raises:
        DataMismatch: Outputs of other names or shapes.
    """
    parts = outputs if isinstance(outputs, Mapping) else {}
    if isinstance(outputs, list | tuple) and len(outputs) == len(_PLACES):
        parts = dict(zip(_PLACES, outputs, strict=True))
    boxes, labels = _tensor(parts, "boxes"), _tensor(parts, "labels")
    logits, scores = _tensor(parts, "logits"), _tensor(parts, "scores")
    if scores is None and logits is not None:
        scores = logits.float().sigmoid()
    if boxes is not None and scores is not None and scores.ndim == 3 and scores.shape[2]:
        scores, labels = scores.max(2)
    shape = None if boxes is None else boxes.shape[:2]
    fits = boxes is not None and boxes.ndim == 3 and boxes.shape[2] == _CORNERS
    if not fits or scores is None or labels is None or not scores.shape == labels.shape == shape:
        got = {key: tuple(value.shape) for key, value in parts.items() if hasattr(value, "shape")}
        raise DataMismatch(
            f"Expected outputs boxes (n, k, 4) with scores (n, k) and labels (n, k), or with "
            f"scores or logits (n, k, classes), for {name}, but got "
            f"{got or type(outputs).__name__}. Let the model return a dict of these."
        )
    assert boxes is not None
    scores, order = (
        scores.float().nan_to_num(-1.0, -1.0, -1.0).sort(dim=1, descending=True, stable=True)
    )
    labels = labels.long().gather(1, order)
    boxes = boxes.double().gather(1, order[..., None].expand(boxes.shape))
    usable = (scores > 0) & boxes.isfinite().all(2)
    return Boxes(boxes.nan_to_num(0.0), torch.where(usable, labels, -1), scores)


def true_boxes(targets: Any, count: int, name: str) -> Boxes:
    """Return the true boxes of ``count`` pictures, for the metric ``name``.

    Raises:
        DataMismatch: Targets of other names or shapes.
    """
    parts = targets if isinstance(targets, Mapping) else {}
    boxes, labels = parts.get("boxes"), parts.get("labels")
    if isinstance(boxes, Ragged) and isinstance(labels, Ragged):
        if not torch.equal(boxes.lengths, labels.lengths):
            raise DataMismatch(
                f"Expected a label for each true box for {name}, but pictures have "
                f"{int(boxes.lengths.sum())} boxes and {int(labels.lengths.sum())} labels, or "
                "share them out otherwise. Give as many labels as boxes for each picture."
            )
        boxes, labels = boxes.padded(0.0), labels.padded(-1)
        if not boxes.shape[1]:
            boxes = boxes.new_zeros(count, 0, _CORNERS)
            labels = labels.reshape(count, 0)
    if (
        not isinstance(boxes, Tensor)
        or not isinstance(labels, Tensor)
        or boxes.shape != (count, *labels.shape[1:], _CORNERS)
        or labels.ndim != 2
        or labels.is_floating_point()
    ):
        got = {key: getattr(value, "shape", value) for key, value in parts.items()}
        raise DataMismatch(
            f"Expected targets boxes (boxes, 4) and labels (boxes,) of each picture for {name}, "
            f"but got {got or type(targets).__name__}. Give a dict of these for each sample."
        )
    return Boxes(boxes.cpu().double(), labels.cpu().long(), torch.ones(labels.shape))


def _tensor(parts: Any, name: str) -> Tensor | None:
    value = parts.get(name)
    return value.detach().cpu() if isinstance(value, Tensor) else None
