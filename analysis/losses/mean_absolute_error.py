"""Mean absolute error of real outputs; of several heads, their sum."""

from typing import Any, Final

import torch
from torch import Tensor
from torch.nn import functional

from prunescope.losses.definition import LossDefinition
from prunescope.losses.output_pairs import output_pairs
from prunescope.metrics.real_outputs import real_pairs


class MeanAbsoluteError(LossDefinition):
    """Mean absolute error, the mean over values."""

    name = "mae"
    rank = 31

    def value(self, outputs: Any, targets: Any) -> Tensor:
        """Return the sum over heads of the mean error."""
        pairs = output_pairs(outputs, targets, self.name)
        return torch.stack(
            [functional.l1_loss(*real_pairs(*pair, self.name)) for pair in pairs]
        ).sum()


LOSS: Final = MeanAbsoluteError()
