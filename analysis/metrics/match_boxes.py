"""Boxes of a batch matched to the true ones, as COCO's evaluation matches them.

Of each sample and class the candidates are taken from the most certain on. Each takes, of the true
boxes that no earlier one took, the one that it overlaps most, where that overlap (IoU) reaches a
threshold. That is done for each of the thresholds by itself.

Source: Lin and others 2014, *Microsoft COCO* (arXiv 1405.0312); ``cocoeval`` of ``pycocotools``.
"""

from typing import Final

import torch
from torch import Tensor

MOST: Final = 100
"""Candidates of one class that count in a sample: the most certain ones."""
_ALMOST: Final = 1e-10


def overlaps(boxes: Tensor, others: Tensor) -> Tensor:
    """Return the IoU of each pair: ``(…, k, 4)`` and ``(…, m, 4)`` → ``(…, k, m)``.

    Args:
        boxes: Corners ``x₁ y₁ x₂ y₂``, in any unit.
        others: Likewise.

    >>> overlaps(torch.tensor([[0.0, 0, 2, 2]]), torch.tensor([[1.0, 0, 2, 2]])).item()
    0.5
    """
    low = torch.maximum(boxes[..., :, None, :2], others[..., None, :, :2])
    high = torch.minimum(boxes[..., :, None, 2:], others[..., None, :, 2:])
    shared = (high - low).clamp(min=0).prod(-1)
    area, other_area = _area(boxes)[..., :, None], _area(others)[..., None, :]
    return shared / (area + other_area - shared).clamp(min=1e-300)


def match_boxes(
    boxes: Tensor, labels: Tensor, true_boxes: Tensor, true_labels: Tensor, thresholds: Tensor
) -> Tensor:
    """Return ``(n, k, thresholds)`` bool: which candidates took a true box.

    Args:
        boxes: ``(n, k, 4)`` candidates, the most certain first.
        labels: ``(n, k)`` their classes, -1 for none.
        true_boxes: ``(n, m, 4)``.
        true_labels: ``(n, m)``, -1 for none.
        thresholds: ``(t,)`` of the overlap.
    """
    samples, candidates = labels.shape
    hits = torch.zeros(samples, candidates, len(thresholds), dtype=torch.bool)
    if not true_labels.shape[1]:
        return hits
    iou = overlaps(boxes.double(), true_boxes.double())
    same = (labels[:, :, None] == true_labels[:, None]) & (labels[:, :, None] >= 0)
    iou = torch.where(same, iou, -1.0)
    least = thresholds.double().clamp(max=1 - _ALMOST)
    free = torch.ones(samples, len(thresholds), true_labels.shape[1], dtype=torch.bool)
    for place in range(candidates):
        possible = torch.where(free, iou[:, place, None], -1.0)
        # of equal overlaps the last box, as cocoeval takes them
        best, from_end = possible.flip(2).max(2)
        took = best >= least
        hits[:, place] = took
        box = true_labels.shape[1] - 1 - from_end
        free.scatter_(2, box[..., None], free.gather(2, box[..., None]) & ~took[..., None])
    return hits


def most_certain(scores: Tensor, labels: Tensor) -> Tensor:
    """Return ``(n, k)`` bool: which candidates count, at most ``MOST`` of a sample and class.

    Args:
        scores: ``(n, k)``, the largest first.
        labels: ``(n, k)``, -1 for no candidate.
    """
    counts = labels >= 0
    if scores.shape[1] <= MOST:
        return counts
    for label in torch.unique(labels).tolist():
        own = labels == label
        counts &= ~own | (own.cumsum(1) <= MOST)
    return counts


def _area(boxes: Tensor) -> Tensor:
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])
