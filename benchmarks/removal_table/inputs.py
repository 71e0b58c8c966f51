"""Small random batches, the same each time."""

import torch
from torch import Tensor

Inputs = Tensor | tuple[Tensor, ...] | dict[str, Tensor]
"""A batch of three samples, as a model takes it."""


def generator() -> torch.Generator:
    """Return a source of random numbers that starts at the same place each time."""
    return torch.Generator().manual_seed(1)


def images(side: int, channels: int = 3) -> Tensor:
    """Return three square images."""
    return real(3, channels, side, side)


def real(*shape: int) -> Tensor:
    """Return random numbers of a normal distribution."""
    return torch.randn(shape, generator=generator())
