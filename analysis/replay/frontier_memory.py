"""Memory of a replay: how much the frontier may take, and batch sizes."""

import itertools
from collections.abc import Sequence
from typing import Final

import torch

from prunescope.bench.device import HOST, free_memory

HELD: Final = 4
"""Batches of which each lane's share of the frontier is held at most in main memory."""
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


def cut(run: range, most: int) -> list[range]:
    """Return ``run`` in parts of nearly equal size, at most ``most``.

    >>> cut(range(10, 17), 3)
    [range(10, 12), range(12, 15), range(15, 17)]
    """
    return [range(run.start + start, run.start + stop) for start, stop in batches(len(run), most)]


def halves(runs: Sequence[range]) -> tuple[Sequence[range], Sequence[range]]:
    """Return the first and the second half of ``runs``; of a single one, those of its samples.

    >>> halves([range(4), range(4, 8), range(8, 12)]), halves([range(4, 7)])
    (([range(0, 4)], [range(4, 8), range(8, 12)]), ([range(4, 5)], [range(5, 7)]))
    """
    middle = len(runs) // 2
    if middle:
        return runs[:middle], runs[middle:]
    (run,) = runs
    within = run.start + len(run) // 2
    return [range(run.start, within)], [range(within, run.stop)]


def frontier_memory(device: torch.device = HOST) -> int:
    """Return how many bytes the frontier may take: a quarter of what is free.

    At most 1 GiB of main memory; of a device that has its own, whatever a quarter is.
    """
    share = free_memory(device) // _SHARE
    return min(share, _FRONTIER) if device == HOST else share
