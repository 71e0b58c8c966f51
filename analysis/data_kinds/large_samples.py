"""All samples of a split as one tensor: in memory, or past a limit in a file that the system pages.

Past ``IN_MEMORY`` bytes a tensor's values lie in a file without a name, which is gone with the
process, however it ends. The system keeps of it in memory what is in use and what nobody else
needs, so that 50,000 pictures are read batch by batch from the disk, decoded once. Room on the disk
is taken before the first sample is decoded; without it, memory has to do up to ``WITHOUT_DISK``.
Values and everything computed of them are the same.

``PRUNESCOPE_IN_MEMORY`` is the limit (``2GB``), ``PRUNESCOPE_SAMPLES`` the folder of such files.
"""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from prunescope.cache_folder import cache_folder
from prunescope.errors import BadValue
from prunescope.text.sizes import size_from
from prunescope.text.units import bytes_

if TYPE_CHECKING:
    from torch import Tensor

LIMIT: Final = "PRUNESCOPE_IN_MEMORY"
FOLDER: Final = "PRUNESCOPE_SAMPLES"
IN_MEMORY: Final = 32_000_000
"""Bytes of one tensor that stay in memory."""
WITHOUT_DISK: Final = 1_000_000_000
"""Bytes of one tensor that stay in memory where the disk refuses them; more is an error."""
_COPIED: Final = 8_000_000
"""Bytes that are copied at a time."""


_TAKEN: Final[list[int]] = []


def on_disk() -> str:
    """Say what of this process's samples was put on the disk; empty where memory could hold it."""
    _, least = _limits()
    if sum(_TAKEN) <= least:
        return ""
    return (
        f"{bytes_(sum(_TAKEN))} of decoded samples lie in {_folder()}, not in memory; they are "
        "gone when this command ends."
    )


class UnlikeSamples(ValueError):
    """Two samples of a split have different shapes or types.

    Attributes:
        shapes: Of the two.
    """

    def __init__(self, first: Tensor, other: Tensor) -> None:
        super().__init__(f"{tuple(first.shape)} and {tuple(other.shape)}")
        self.shapes: tuple[tuple[int, ...], ...] = tuple(
            sorted((tuple(first.shape), tuple(other.shape)))
        )


def is_large(size: int) -> bool:
    """Return whether a tensor of ``size`` bytes goes to the disk."""
    most, _ = _limits()
    return size > most


def room(shape: Sequence[int], dtype: Any) -> Tensor:
    """Return a tensor to be filled: in memory, or in a file of its own where it is large.

    Args:
        shape: Of all samples; dimension 0 counts them.
        dtype: Of torch.

    Raises:
        BadValue: The disk has no room for it.
    """
    import torch

    size = math.prod(shape) * dtype.itemsize
    if not is_large(size):
        return torch.empty(tuple(shape), dtype=dtype)
    folder = _folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            _take(file.fileno(), size)
            values = np.memmap(file, np.uint8, "r+", shape=(size,))
    except OSError as error:
        _, without_disk = _limits()
        if size <= without_disk:
            return torch.empty(tuple(shape), dtype=dtype)
        reason = error.strerror or str(error)
        raise BadValue(
            f"Expected {bytes_(size)} of disk in {folder} for decoded samples, but got: "
            f"{reason.rstrip('.').lower()}. Take fewer samples, or name another folder with "
            f"{FOLDER}."
        ) from error
    _TAKEN.append(size)
    return torch.from_numpy(values).view(dtype).reshape(tuple(shape))


def stacked(samples: Iterable[Tensor], count: int) -> Tensor:
    """Return ``samples`` as one tensor, taking one at a time where it is large.

    Args:
        samples: At least one; all of one shape and type.
        count: How many there are.

    Raises:
        UnlikeSamples: They differ.
        BadValue: The disk has no room for them.
    """
    import torch

    rest: Iterator[Tensor] = iter(samples)
    first = next(rest)

    def alike() -> Iterator[Tensor]:
        for sample in chain([first], rest):
            if sample.shape != first.shape or sample.dtype != first.dtype:
                raise UnlikeSamples(first, sample)
            yield sample

    if not is_large(count * first.nbytes):
        return torch.stack(list(alike()))
    whole = room((count, *first.shape), first.dtype)
    for place, sample in enumerate(alike()):
        whole[place] = sample
    return whole


def chosen(values: Tensor, rows: Tensor) -> Tensor:
    """Return ``values[rows]``, on the disk where it is large.

    Args:
        values: Dimension 0 counts samples.
        rows: ``(m,)`` int64, indices of samples.
    """
    each = math.prod(values.shape[1:]) * values.dtype.itemsize
    if not is_large(len(rows) * each):
        return values[rows]
    whole = room((len(rows), *values.shape[1:]), values.dtype)
    for part in pieces(len(rows), each):
        whole[part] = values[rows[part]]
    return whole


def pieces(count: int, each: int) -> Iterator[slice]:
    """Yield slices of ``count`` samples of ``each`` bytes, as many as are copied at a time."""
    step = max(_COPIED // max(each, 1), 1)
    for start in range(0, count, step):
        yield slice(start, min(start + step, count))


def _limits() -> tuple[int, int]:
    """Bytes of a tensor that stay in memory, and that stay there where the disk refuses them."""
    text = os.environ.get(LIMIT, "")
    named = size_from(text) if text else None
    return (named, named) if named else (IN_MEMORY, WITHOUT_DISK)


def _folder() -> Path:
    named = os.environ.get(FOLDER)
    return Path(named) if named else cache_folder("samples")


def _take(file: int, size: int) -> None:
    """Take ``size`` bytes of the disk; without them a write could only crash."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file, 0, size)
    else:
        os.truncate(file, size)
