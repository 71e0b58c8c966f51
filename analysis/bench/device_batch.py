"""How many samples a device of its own memory takes at once, and what to do where it cannot."""

from typing import Final

import torch

from prunescope.bench.device import drop_cached_memory, free_memory
from prunescope.capture.network import Network
from prunescope.errors import BadValue

_SHARE: Final = 8
"""The share of a device's free memory that one batch's tensors may take: the others are for the
frontier, the weights of points in preparation and what operators need besides."""
_MOST: Final = 2048
"""Samples; a device is busy with fewer."""


def device_batch(network: Network, least: int, most: int, device: torch.device) -> int:
    """Return how many samples go through ``network`` at once on ``device``.

    Args:
        network: With the bytes that one sample keeps alive.
        least: The batch in main memory, at which a cost that is not known leaves it.
        most: Samples that there are.
        device: Not the processor.
    """
    if network.captured is not None and network.captured.largest is not None:
        most = min(most, network.captured.largest)
    if network.cost is None or not network.cost.activation_bytes:
        return least
    fits = free_memory(device) // _SHARE // network.cost.activation_bytes
    return max(1, min(fits, _MOST, most))


def halved(batch: int, device: torch.device, error: BaseException) -> int:
    """Return half of ``batch`` after memory ran out, and give back what the allocator holds.

    Raises:
        BadValue: ``batch`` was a single sample.
    """
    if batch <= 1:
        raise BadValue(
            f"Expected memory for one sample at a time on {device}, but it ran out. Close other "
            "programs there, take another device, or study a smaller model."
        ) from error
    drop_cached_memory(device)
    return batch // 2
