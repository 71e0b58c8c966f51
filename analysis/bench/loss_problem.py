"""Whether gradients of a loss can be taken of a network on its data."""

import torch

from prunescope.capture.network import Network, forward
from prunescope.errors import PrunescopeError
from prunescope.sources.losses import Loss
from prunescope.sources.splits import Samples

_SAMPLES = 4


def loss_problem(network: Network, samples: Samples, loss: Loss) -> str | None:
    """Return why ``loss`` has no gradient on ``samples``, in a sentence; None where it has one."""
    few = samples.chunk(0, _SAMPLES)
    if few.targets is None:
        return "the calibration split has no targets"
    try:
        with torch.enable_grad():
            value = loss.value(forward(network.module, few.inputs), few.targets)
    except PrunescopeError as error:
        return str(error)
    if not value.requires_grad:
        return f"{loss.name} does not depend on the weights"
    return (
        None
        if bool(value.isfinite())
        else (f"{loss.name} is {value.item():g} on {len(few)} samples")
    )
