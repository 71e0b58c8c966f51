"""Mean average precision (mAP) of detectors, as COCO defines it.

For each class and overlap threshold (IoU), all candidates of all pictures are taken from the most
certain on. Precision is the share of them that took a true box so far, recall that of the true
boxes that were taken; precision is the best that any larger recall still has, and its mean over 101
recalls from 0 to 1 is the average precision. mAP is the mean over classes with true boxes, and over
thresholds. Crowds and ranges of areas are not known here.

A picture's state are its own candidates and true boxes: class, score, and which thresholds were
reached, one behind the other. Pseudo-values take the slope of the area under the same precision
with respect to a picture's weight, which is smooth where the 101 steps are not.

Source: Lin and others 2014, *Microsoft COCO* (arXiv 1405.0312); ``cocoeval`` of ``pycocotools``.
"""

import re
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from prunescope.metrics.box_parts import candidate_boxes, true_boxes
from prunescope.metrics.definition import MetricDefinition
from prunescope.metrics.match_boxes import match_boxes, most_certain
from prunescope.metrics.set_metric import SetMetric
from prunescope.study.metric_summary import MetricSummary

_NAME: Final = re.compile(r"map-([1-9]\d)")
_RECALLS: Final = torch.from_numpy(np.linspace(0, 1, 101))  # to the last bit as cocoeval's
_FIELDS: Final = 3
"""Class (-1 for padding), score (-1 for true boxes), and thresholds as bits."""
_TRUE: Final = -1.0


class MeanAveragePrecision(SetMetric):
    """COCO's AP over overlaps of .50, .55 … .95; ``map-50`` of one overlap alone.

    Args:
        overlap: The one threshold in percent; None for all ten.
    """

    has_classes = False
    reads_all = True

    def __init__(self, overlap: int | None = None) -> None:
        self.name = "map" if overlap is None else f"map-{overlap}"
        self.rank = 34 if overlap is None else 35
        self.summary = MetricSummary(self.name, over_set=True)
        ten = torch.from_numpy(np.linspace(0.5, 0.95, 10))
        self._thresholds = ten if overlap is None else torch.tensor([overlap / 100]).double()

    def variant(self, name: str) -> MetricDefinition | None:
        """Return the AP at the overlap in ``name``.

        >>> MeanAveragePrecision().variant("map-50").name
        'map-50'
        """
        match = _NAME.fullmatch(name)
        return MeanAveragePrecision(int(match[1])) if match else None

    def states(self, outputs: Any, targets: Any) -> Tensor:
        """Return ``(n, 3 · (candidates + true boxes))`` float32 records of each picture.

        Raises:
            DataMismatch: Outputs or targets are no boxes (``prunescope.metrics.box_parts``).
        """
        own = candidate_boxes(outputs, self.name)
        true = true_boxes(targets, len(own.labels), self.name)
        counts = most_certain(own.scores, own.labels)
        labels = torch.where(counts, own.labels, -1)
        hits = match_boxes(own.boxes, labels, true.boxes, true.labels, self._thresholds)
        bits = (hits * 2 ** torch.arange(len(self._thresholds))).sum(2)
        candidates = torch.stack([labels.float(), own.scores, bits.float()], 2)
        trues = torch.stack(
            [true.labels.float(), true.scores * _TRUE, torch.zeros(true.labels.shape)], 2
        )
        return torch.cat([candidates, trues], 1).flatten(1)

    def pseudo_values(self, states: Tensor) -> Tensor:
        """Return values whose mean is the mAP of all pictures with ``states``."""
        count = len(states)
        records = states.reshape(count, -1, _FIELDS).nan_to_num(-1.0)
        present = records[..., 0] >= 0
        picture = torch.arange(count)[:, None].expand(present.shape)[present]
        label, score, bits = records[present].unbind(1)
        is_true = score == _TRUE
        classes = torch.unique(label[is_true]).tolist()
        value = torch.zeros((), dtype=torch.float64)
        slope = torch.zeros(count, dtype=torch.float64)
        for one in classes:
            own = (label == one) & ~is_true
            order = score[own].sort(descending=True, stable=True).indices
            taken = bits[own][order].long()[None] >> torch.arange(len(self._thresholds))[:, None]
            wanted = picture[is_true & (label == one)]
            exact, slopes = _average_precision((taken & 1).double(), picture[own][order], wanted,
                                               count)  # fmt: skip
            value += exact / len(classes)
            slope += slopes / len(classes)
        return value + count * slope


def _average_precision(
    hits: Tensor, picture: Tensor, wanted: Tensor, count: int
) -> tuple[Tensor, Tensor]:
    """Return the AP of one class, and its slope by the weight of each of ``count`` pictures.

    Args:
        hits: ``(thresholds, candidates)``, the most certain first.
        picture: ``(candidates,)``, where each is.
        wanted: ``(true boxes,)``, where each of these is.
        count: Pictures.
    """
    if not hits.shape[1]:
        return torch.zeros((), dtype=torch.float64), torch.zeros(count, dtype=torch.float64)
    with torch.inference_mode(False), torch.enable_grad():
        hits = hits.clone()
        weights = torch.ones(count, dtype=torch.float64, requires_grad=True)
        own, trues = weights[picture.clone()], weights[wanted.clone()].sum()
        taken = (hits * own).cumsum(1)
        precision = (taken / own.cumsum(0)).flip(1).cummax(1).values.flip(1)
        area = (precision * hits * own).sum(1).mean() / trues
        (slope,) = torch.autograd.grad(area, weights)
    recall = (taken / trues).detach()
    places = torch.searchsorted(recall, _RECALLS.expand(len(recall), -1).contiguous())
    padded = torch.cat([precision.detach(), torch.zeros(len(recall), 1)], 1)
    return padded.gather(1, places).mean(), slope


METRIC: Final = MeanAveragePrecision()
