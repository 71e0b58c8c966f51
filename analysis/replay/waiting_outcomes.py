"""Outcomes that wait for the other parts of their round, in one block of memory.

One by one among the activations of a walk, they would keep the memory that the walk frees in
pieces too small for the next one, and a sweep of many samples would grow part by part.
"""

from typing import Final

import torch
from torch import Tensor

from prunescope.bench.outcomes import Outcome

_ALIGNED: Final = 64


class WaitingOutcomes:
    """Copies outcomes into a block until it is full; what does not fit stays where it is."""

    def __init__(self, size: int = 0, outcomes: int = 0) -> None:
        """Take the block.

        Args:
            size: Bytes of all tensors together.
            outcomes: How many there will be.
        """
        self._room = torch.empty(size + outcomes * 8 * _ALIGNED, dtype=torch.uint8)
        self._used = 0

    def keep(self, outcome: Outcome) -> Outcome:
        """Return ``outcome`` with its tensors in the block."""
        return outcome.mapped(self._placed)

    def _placed(self, tensor: Tensor) -> Tensor:
        end = self._used + tensor.nbytes
        if end > len(self._room) or not tensor.numel():
            return tensor
        place = self._room[self._used : end].view(tensor.dtype).reshape(tensor.shape)
        self._used = -(-end // _ALIGNED) * _ALIGNED
        return place.copy_(tensor)
