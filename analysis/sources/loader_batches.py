"""Batches of a dataset or loader, in the dataset's order and drawn alike at every call."""

import contextlib
import random
from collections.abc import Iterable, Iterator
from typing import Any, Final

import numpy as np
import torch
from torch.utils.data import (
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    SubsetRandomSampler,
    default_collate,
)

from prunescope.errors import DataMismatch
from prunescope.user_code.guard import guarded

_NO_MORE: Final = object()
_BATCH: Final = 256


def promised_samples(given: "DataLoader[Any] | Dataset[Any]") -> int | None:
    """Return how many samples a dataset says it has; None where a loader may leave some out."""
    dataset: Any = given
    if isinstance(given, DataLoader):
        usual = isinstance(given.sampler, RandomSampler | SequentialSampler)
        streamed = isinstance(given.dataset, IterableDataset)
        if given.drop_last or not (usual or streamed):
            return None
        dataset = given.dataset
    try:
        return len(dataset)
    except (TypeError, NotImplementedError, AttributeError, ValueError):  # most streams have none
        return None


def batches_in_order(name: str, given: "DataLoader[Any] | Dataset[Any]") -> Iterator[Any]:
    """Yield the batches; what the dataset raises becomes a sentence, at each batch anew.

    Args:
        name: What the samples are, for errors.
        given: Whose own order is kept, whatever a loader shuffles.

    Raises:
        DataMismatch: The dataset raised.
    """
    batches = _in_order(given)
    reading: Iterator[Any] | None = None
    while True:
        with guarded(
            f"the {name} split to give its batches", "Mend the dataset.", DataMismatch,
            f"reading the {name} split",
        ):  # fmt: skip
            reading = iter(batches) if reading is None else reading
            batch = next(reading, _NO_MORE)
        if batch is _NO_MORE:
            return
        yield batch


def collate(samples: list[Any]) -> Any:
    """Return a batch of a dataset's samples; targets of different sizes stay a list of each one's.

    Inputs have to have one size, as ``torch``'s own collation wants them.
    """
    try:
        return default_collate(samples)
    except (RuntimeError, TypeError):
        first = samples[0]
        if not isinstance(first, tuple | list) or len(first) != 2:
            raise
    return default_collate([sample[0] for sample in samples]), [sample[1] for sample in samples]


def _in_order(given: "DataLoader[Any] | Dataset[Any]") -> Iterable[Any]:
    """Batches in the dataset's order: what a loader shuffles would be other data at each call."""
    if isinstance(given, Dataset):
        return DataLoader(given, batch_size=_BATCH, collate_fn=collate)
    if isinstance(given.dataset, IterableDataset) or given.batch_size is None:
        return given
    sampler = given.sampler
    if not isinstance(sampler, RandomSampler | SequentialSampler | SubsetRandomSampler):
        return given
    order = sorted(sampler.indices) if isinstance(sampler, SubsetRandomSampler) else None
    return DataLoader(
        given.dataset, batch_size=given.batch_size, sampler=order, collate_fn=given.collate_fn
    )


@contextlib.contextmanager
def fixed_randomness() -> Iterator[None]:
    """Let a dataset draw alike at every call what it draws; the caller's state returns."""
    plain, arrays = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        random.seed(0)
        np.random.seed(0)
        try:
            yield
        finally:
            random.setstate(plain)
            np.random.set_state(arrays)
