"""The loss of detectors: each true box is answered by one candidate, and all others by nothing.

Outputs are a dict of ``boxes`` ``(n, k, 4)``, corners in the unit of the targets', and ``logits``
``(n, k, classes)``, of which the sigmoid is taken; targets a dict of ``boxes`` and ``labels``,
padded with the label -1 or each picture's own number of them, as the metric ``map`` reads them.

Source: Carion et al. 2020, *End-to-End Object Detection with Transformers* (arXiv 2005.12872),
section 3.1, for the matching; the focal loss of Lin et al. 2017 (arXiv 1708.02002) in place of a
softmax, and no L1 term, so that nothing hangs on the unit of the boxes.
"""

from collections.abc import Mapping
from typing import Any, Final

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor
from torch.nn import functional

from prunescope.capture.ragged import Ragged
from prunescope.errors import DataMismatch
from prunescope.losses.definition import LossDefinition

_OVERLAP: Final = 2.0
"""Weight of boxes beside classes, in the matching and in the loss."""
_CORNERS: Final = 4


class MatchedBoxes(LossDefinition):
    """Focal loss of all candidates' classes and 1 − GIoU of matched boxes, by true box."""

    name = "boxes"
    rank = 50

    def value(self, outputs: Any, targets: Any) -> Tensor:
        """Return the loss of the cheapest matching of candidates and true boxes, by picture."""
        # Here, as every command imports all losses, and this costs .2 to .8 s of start.
        from torchvision.ops import generalized_box_iou, generalized_box_iou_loss

        boxes, logits = candidates(outputs)
        true, labels = _true(targets, boxes, logits.shape[2])
        scene, place, kind, wanted = [], [], [], []
        for row in range(len(boxes)):
            present = labels[row] >= 0
            own, kinds = true[row][present], labels[row][present]
            with torch.no_grad():
                cost = -logits[row].sigmoid()[:, kinds]
                cost = cost - _OVERLAP * generalized_box_iou(boxes[row], own)
                chosen, order = linear_sum_assignment(cost.nan_to_num(1e3).cpu().numpy())
            scene += [row] * len(chosen)
            place += chosen.tolist()
            kind.append(kinds[order])
            wanted.append(own[order])
        kinds = torch.cat(kind)
        hits = torch.zeros_like(logits)
        hits[scene, place, kinds] = 1.0
        entropy = functional.binary_cross_entropy_with_logits(logits, hits, reduction="none")
        off = (logits.sigmoid() - hits).abs()
        apart: Tensor = generalized_box_iou_loss(boxes[scene, place], torch.cat(wanted))
        return ((off**2 * entropy).sum() + _OVERLAP * apart.sum()) / max(len(kinds), 1)


def is_boxes(targets: Any) -> bool:
    """Return whether ``targets`` are boxes with their labels."""
    return isinstance(targets, Mapping) and set(targets) == {"boxes", "labels"}


def candidates(outputs: Any) -> tuple[Tensor, Tensor]:
    """Return a detector's boxes ``(n, k, 4)`` and logits ``(n, k, classes)``.

    Raises:
        DataMismatch: Outputs of other names or shapes.
    """
    parts = outputs if isinstance(outputs, Mapping) else {}
    boxes, logits = parts.get("boxes"), parts.get("logits")
    if (
        not isinstance(boxes, Tensor)
        or not isinstance(logits, Tensor)
        or boxes.ndim != 3
        or logits.ndim != 3
        or boxes.shape != (*logits.shape[:2], _CORNERS)
    ):
        got = {key: tuple(getattr(value, "shape", ())) for key, value in parts.items()}
        raise DataMismatch(
            f"Expected outputs boxes (n, k, 4) and logits (n, k, classes) for the loss boxes, but "
            f"got {got or type(outputs).__name__}. Let the model return a dict of these, or give "
            "your own loss."
        )
    return boxes.float(), logits.float()


def _true(targets: Any, boxes: Tensor, classes: int) -> tuple[Tensor, Tensor]:
    """True boxes ``(n, m, 4)`` and their labels ``(n, m)``, -1 for padding."""
    parts = [targets[name] if is_boxes(targets) else None for name in ("boxes", "labels")]
    true, labels = (
        part.padded(fill) if isinstance(part, Ragged) else part
        for part, fill in zip(parts, (0.0, -1), strict=True)
    )
    if (
        not isinstance(true, Tensor)
        or not isinstance(labels, Tensor)
        or labels.is_floating_point()
        or labels.ndim != 2
        or true.shape != (len(boxes), labels.shape[1], _CORNERS)
    ):
        raise DataMismatch(
            "Expected targets boxes (boxes, 4) and labels (boxes,) of each picture for the loss "
            "boxes, but got others. Give a dict of these."
        )
    if bool((labels >= classes).any()):
        raise DataMismatch(
            f"Expected labels from 0 to {classes - 1} for the loss boxes, but got "
            f"{int(labels.max())}. Check the classes."
        )
    return true.to(boxes), labels.to(boxes.device).long()


LOSS: Final = MatchedBoxes()
