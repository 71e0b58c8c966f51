"""The usual loss of each output: told from the kind of its targets, and summed over heads."""

from typing import Any, Final

import torch
from torch import Tensor
from torch.nn import functional

from prunescope.losses import matched_boxes
from prunescope.losses.binary_cross_entropy import of_bits
from prunescope.losses.cross_entropy import of_classes
from prunescope.losses.definition import LossDefinition
from prunescope.losses.matched_boxes import is_boxes
from prunescope.losses.output_pairs import output_pairs
from prunescope.metrics.class_rows import logits
from prunescope.metrics.real_outputs import real_pairs


class Automatic(LossDefinition):
    """Cross-entropy for class labels, binary for 0 and 1, boxes for boxes, else mean squared error.

    Args:
        bits: Whether targets that are all 0 or 1 are answers to yes-or-no questions; False where
            the study's metric is an error of values.
    """

    name = "automatic"
    rank = 0

    def __init__(self, bits: bool = True) -> None:
        self._bits = bits

    def value(self, outputs: Any, targets: Any) -> Tensor:
        """Return the sum over heads of each one's usual loss, or the loss of boxes."""
        if is_boxes(targets):
            return matched_boxes.LOSS.value(outputs, targets)
        pairs = output_pairs(outputs, targets, self.name)
        return torch.stack([self._usual(*pair) for pair in pairs]).sum()

    def _usual(self, output: Tensor, target: Tensor) -> Tensor:
        rows = None if target.is_floating_point() else logits(output)
        if rows is not None and len(rows) == target.numel():
            return of_classes(output, target)
        binary = self._bits and bool(((target == 0) | (target == 1)).all())
        if binary and output.numel() == target.numel():
            return of_bits(output, target)
        return functional.mse_loss(*real_pairs(output, target, "the usual loss"))


LOSS: Final = Automatic()
