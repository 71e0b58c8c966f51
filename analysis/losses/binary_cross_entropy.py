"""Binary cross-entropy of logits: one answer, or several labels at once (multi-label)."""

from typing import Any, Final

import torch
from torch import Tensor
from torch.nn import functional

from prunescope.errors import DataMismatch
from prunescope.losses.definition import LossDefinition
from prunescope.losses.output_pairs import output_pairs


class BinaryCrossEntropy(LossDefinition):
    """Of ``sigmoid(output)`` against targets from 0 to 1, the mean over values."""

    name = "binary-cross-entropy"
    rank = 20

    def value(self, outputs: Any, targets: Any) -> Tensor:
        """Return the sum over heads of the mean binary cross-entropy."""
        pairs = output_pairs(outputs, targets, self.name)
        return torch.stack([of_bits(*pair) for pair in pairs]).sum()


def of_bits(output: Tensor, target: Tensor) -> Tensor:
    """Return the mean binary cross-entropy of ``output``.

    Raises:
        DataMismatch: Targets of another number, or outside of 0 to 1.
    """
    wanted = target.to(output.device).float().flatten()
    if wanted.numel() != output.numel() or not bool(((wanted >= 0) & (wanted <= 1)).all()):
        raise DataMismatch(
            f"Expected {output.numel()} targets from 0 to 1 for a binary cross-entropy, but got "
            f"{wanted.numel()} of shape {tuple(target.shape)}. Take another loss."
        )
    return functional.binary_cross_entropy_with_logits(output.float().flatten(), wanted)


LOSS: Final = BinaryCrossEntropy()
