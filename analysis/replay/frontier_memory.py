"""Memory of a replay: how much the frontier may take, and batch sizes."""

import itertools
from typing import Final

import torch

from prunescope.bench.device import HOST, free_memory

_SHARE: Final = 4
_FRONTIER: Final = 1 << 30


def batches(count: int, most: int) -> list[tuple[int, int]]:
    """Return where batches of nearly equal size, at most ``most``, start and stop.

    >>> batches(7, 3)
    [(0, 2), (2, 5), (5, 7)]
    """
    parts = -(-count // most)
    edges = [round(part * count / parts) for part in range(parts + 1)]
    return list(itertools.pairwise(edges))


def frontier_memory(device: torch.device = HOST) -> int:
    """Return how many bytes the frontier may take: a quarter of what is free.

    At most 1 GiB of main memory; of a device that has its own, whatever a quarter is.
    """
    share = free_memory(device) // _SHARE
    return min(share, _FRONTIER) if device == HOST else share
