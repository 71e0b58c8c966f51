"""A moving average of a network's weights, which is often better than the last weights."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn


class MovingAverage:
    """The average; zeros of a mask stay exactly zero, as the average of zeros.

    Attributes:
        state: By the names of the state dict; whole numbers are the last ones.

    Source: Polyak, Juditsky 1992; the decay climbs as in TensorFlow's
    ``ExponentialMovingAverage``: ``min(decay, (1 + step) / (10 + step))``.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        """Begin with the weights that ``module`` has."""
        self._decay = decay
        self.state = {n: t.detach().clone() for n, t in module.state_dict().items()}

    def update(self, module: nn.Module, step: int) -> None:
        """Take in the weights of ``module`` after ``step`` steps, from 1."""
        decay = min(self._decay, (1 + step) / (10 + step))
        with torch.no_grad():
            for name, tensor in module.state_dict().items():
                if tensor.is_floating_point():
                    self.state[name].lerp_(tensor, 1 - decay)
                else:
                    self.state[name].copy_(tensor)

    def go_on(self, state: Mapping[str, Tensor]) -> None:
        """Continue from the average of an earlier run."""
        self.state = {name: state[name].clone() for name in self.state}
