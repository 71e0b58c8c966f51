"""How much memory a replay takes: batches that stay in the cache, a frontier that fits."""

import contextlib
import itertools
from collections.abc import Iterator
from typing import Final

import psutil
import torch

from analysis.capture.cost import Cost
from analysis.evaluate import model_failed

_CACHE: Final = 8 << 20
_FEWEST: Final = 16
_MOST: Final = 256
_SHARE: Final = 4
_FRONTIER: Final = 1 << 30


def micro_batch(cost: Cost) -> int:
    """Return how many samples keep what is alive between two operators within 8 MiB, 16 to 256.

    Measured on the sample models: such batches take 0.4 to 0.9 of the time of 500 samples at once
    on the same operators, because their tensors stay in the cache and their memory is used again.
    Under 16 samples, PyTorch leaves oneDNN's convolutions on a single thread. The number depends
    on the network only: the last bits of a matrix product may depend on the batch.
    """
    return max(_FEWEST, min(_CACHE // max(1, cost.activation_bytes), _MOST))


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
