"""The evidence that criteria score by: weights, gradients and inputs on calibration samples."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from prunescope.capture.layers import Layer
from prunescope.capture.network import Network, forward
from prunescope.coupling import Group
from prunescope.criteria.squared_inputs import squared_inputs
from prunescope.errors import CannotPrune
from prunescope.sources.data import Samples
from prunescope.sources.losses import USUAL, Loss

BATCH: Final = 64
SAMPLES: Final = 1024
SINGLE_SAMPLES: Final = 512


@dataclass(frozen=True)
class Evidence:
    """The dense network and calibration samples, in a fixed order.

    Attributes:
        network: Never modified.
        calibration: With targets where gradients are asked for.
        seed: For criteria that draw at random.
        groups: The groups whose units are scored.
        loss: What gradients are taken of.
    """

    network: Network
    calibration: Samples
    seed: int = 0
    groups: tuple[Group, ...] = ()
    loss: Loss = USUAL

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers to score."""
        return self.network.prunable()

    def weights(self) -> dict[str, Tensor]:
        """Return the weights by parameter name, detached."""
        module = self.network.module
        return {
            layer.parameter: module.get_parameter(layer.parameter).detach() for layer in self.layers
        }

    def batch_gradients(self, names: Iterable[str] | None = None) -> Iterator[dict[str, Tensor]]:
        """Yield the gradients of the mean loss of each of 16 batches of 64 samples.

        Args:
            names: Parameters to differentiate by; the prunable weights by default.
        """
        yield from self._gradients(SAMPLES, BATCH, names)

    def sample_gradients(self, names: Iterable[str] | None = None) -> Iterator[dict[str, Tensor]]:
        """Yield the gradients of the loss of 512 single samples, one by one."""
        yield from self._gradients(SINGLE_SAMPLES, 1, names)

    def parameters(self, names: Iterable[str]) -> dict[str, Tensor]:
        """Return parameters by name, detached."""
        return {name: self.network.module.get_parameter(name).detach() for name in names}

    def squared_inputs(self) -> dict[str, Tensor]:
        """Return, shaped like each weight, the sum of squares of the inputs it multiplies."""
        used = self.calibration.chunk(0, SAMPLES)
        return squared_inputs(self.network, used, BATCH)

    def _gradients(
        self, samples: int, batch: int, parameter_names: Iterable[str] | None
    ) -> Iterator[dict[str, Tensor]]:
        used = self.calibration.chunk(0, samples)
        module = self.network.module
        names = (
            [layer.parameter for layer in self.layers]
            if parameter_names is None
            else sorted(parameter_names)
        )
        tensors = [module.get_parameter(name) for name in names]
        for start in range(0, len(used), batch):
            chunk = used.chunk(start, start + batch)
            with torch.enable_grad():
                if chunk.targets is None:
                    raise CannotPrune(
                        "Expected targets for a gradient criterion, but the data has none. Choose "
                        "magnitude, wanda or random."
                    )
                loss = self.loss.value(forward(module, chunk.inputs), chunk.targets)
                gradients = torch.autograd.grad(loss, tensors, allow_unused=True)
            yield {
                name: torch.zeros_like(tensor) if gradient is None else gradient
                for name, tensor, gradient in zip(names, tensors, gradients, strict=True)
            }
