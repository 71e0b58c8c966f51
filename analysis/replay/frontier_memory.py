"""Memory of a replay: how much the frontier may take, and batch sizes."""

import itertools
from typing import Final

import psutil

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


def frontier_memory() -> int:
    """Return how many bytes the frontier may take: a quarter of what is free, at most 1 GiB."""
    return min(int(psutil.virtual_memory().available) // _SHARE, _FRONTIER)
