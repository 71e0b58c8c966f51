"""Memory of a replay: how much the frontier may take, batch sizes, and out-of-memory errors."""

import contextlib
import itertools
from collections.abc import Iterator
from typing import Final

import psutil
import torch

from prunescope.bench.evaluate import model_failed

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


def out_of_memory(error: BaseException) -> bool:
    """Whether ``error`` says that memory ran out, on any device."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    text = str(error)
    return isinstance(error, RuntimeError) and (
        "can't allocate memory" in text or "out of memory" in text
    )


@contextlib.contextmanager
def model_errors(samples: int) -> Iterator[None]:
    """Turn what a model raises on a batch into a sentence; out of memory stays as it is."""
    try:
        yield
    except Exception as error:
        if out_of_memory(error):
            raise
        raise model_failed(error, samples) from error
