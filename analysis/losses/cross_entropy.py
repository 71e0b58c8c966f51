"""Cross-entropy of class logits: samples, tokens or pixels; of several heads, their sum."""

from typing import Any, Final

import torch
from torch import Tensor
from torch.nn import functional

from prunescope.errors import DataMismatch
from prunescope.losses.definition import LossDefinition
from prunescope.losses.output_pairs import output_pairs
from prunescope.metrics.class_rows import IGNORED, class_labels, logits
from prunescope.metrics.pixel_accuracy import without_void


class CrossEntropy(LossDefinition):
    """``−log p(label)``, the mean over rows that are not labelled -100."""

    name = "cross-entropy"
    rank = 10

    def value(self, outputs: Any, targets: Any) -> Tensor:
        """Return the sum over heads of the mean cross-entropy."""
        pairs = output_pairs(outputs, targets, self.name)
        return torch.stack([of_classes(*pair) for pair in pairs]).sum()


def of_classes(output: Tensor, target: Tensor) -> Tensor:
    """Return the mean cross-entropy of the rows of ``output``.

    Raises:
        DataMismatch: No class logits, or labels that are no classes of them.
    """
    rows = logits(output)
    if rows is None:
        raise DataMismatch(
            f"Expected class logits (n, classes) for a cross-entropy, but got an output of shape "
            f"{tuple(output.shape)}. Take the loss mse or binary-cross-entropy, or give your own."
        )
    labels = without_void(output, target)
    counts = labels.flatten() != IGNORED
    checked = class_labels(rows, torch.where(labels == IGNORED, 0, labels), "a cross-entropy")
    wanted = torch.where(counts.to(rows.device), checked.long(), IGNORED)
    return functional.cross_entropy(rows.float(), wanted)


LOSS: Final = CrossEntropy()
