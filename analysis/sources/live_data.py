"""Splits from live objects: tensors, arrays, datasets and loaders, each split of its own kind."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

import numpy as np
import torch
from torch import Tensor
from torch.utils import _pytree as pytree
from torch.utils.data import (
    DataLoader,
    Dataset,
)

from prunescope.capture.graph import Inputs, batch_size
from prunescope.capture.ragged import take_targets
from prunescope.data_kinds.large_samples import chosen
from prunescope.errors import BadValue, DataMismatch
from prunescope.sources.arrays import as_targets, as_tensor
from prunescope.sources.join_batches import JoinedBatches
from prunescope.sources.loader_batches import (
    batches_in_order,
    fixed_randomness,
    promised_samples,
)
from prunescope.sources.splits import SPLITS, Samples, Splits, check_samples

_NAMES: Final = {
    "calibration": ("calibration", "train"),
    "validation": ("validation", "val", "valid"),
    "test": ("test",),
}
_SHARES: Final = (1, 2, 2)
"""Of calibration, validation and test where one set of samples is cut in three."""

_LABELS: Final = ("labels", "label", "targets", "target")
"""Under which of these names a batch that is a dict holds its targets."""

_FEWEST: Final = 5


def live_splits(data: object) -> Splits:
    """Return the splits that ``data`` holds, on the CPU, the same ones at every call.

    Samples, of one split or of all, are: inputs; a pair ``(inputs, targets)``; a ``Dataset`` or a
    ``DataLoader`` of either, read to its end in the dataset's own order, whatever the loader
    shuffles. Inputs are a tensor, an array, a tuple of several or a dict of keyword arguments,
    dimension 0 counting samples. A dict that a dataset gives may hold ``labels``.

    Args:
        data: A dict of splits; ``train`` and ``val`` are other names of calibration and
            validation, and without a test split the second half of validation is held back as
            one. Or samples, which are shuffled by a fixed seed and cut into calibration,
            validation and test, 1:2:2.

    Raises:
        BadValue: A split is missing, or this is no data.
        DataMismatch: Lengths differ, values are NaN, or there are too few samples to cut.
    """
    given = _by_split(data)
    if given is None:
        splits = _cut(live_samples("data", data))
    else:
        read = {name: live_samples(name, value) for name, value in given.items()}
        if "test" not in read:
            read["validation"], read["test"] = _halves(read["validation"])
        splits = Splits(read["calibration"], read["validation"], read["test"])
    for name in SPLITS:
        check_samples(name, splits.named(name), "the data")
    return splits


def _by_split(data: object) -> dict[str, object] | None:
    """The objects by the names of their splits, or None where ``data`` is one set of samples."""
    known = {name for names in _NAMES.values() for name in names}
    if not isinstance(data, Mapping) or not known & set(data):
        return None
    found = {
        part: next(data[name] for name in names if name in data)
        for part, names in _NAMES.items()
        if any(name in data for name in names)
    }
    missing = [name for name in ("calibration", "validation") if name not in found]
    unknown = [str(name) for name in data if name not in known]
    if missing or unknown:
        raise BadValue(
            f"Expected data with the splits calibration, validation and test, but got "
            f"{', '.join(map(str, data))}. "
            + (
                f"Add {missing[0]}, or give one set of samples: it is cut in three."
                if missing
                else f"Leave {unknown[0]} out."
            )
        )
    return found


def live_samples(name: str, given: object) -> Samples:
    """Return all samples of one split, on the CPU; see ``live_splits`` for what it may be.

    Args:
        name: What the samples are, for errors.
        given: Inputs, ``(inputs, targets)``, a ``Dataset`` or a ``DataLoader``.
    """
    if isinstance(given, Samples):
        return given
    if isinstance(given, DataLoader | Dataset):
        return _read(name, given)
    pair = isinstance(given, tuple | list) and len(given) == 2
    inputs, targets = cast("tuple[object, object]", given) if pair else (given, None)
    samples = Samples(*_pair(name, inputs, targets))
    check_samples(name, samples, "the data")
    return samples


def _inputs(name: str, inputs: object) -> Inputs:
    if not isinstance(inputs, Tensor | np.ndarray | Mapping | tuple | list):
        raise BadValue(
            f"Expected {name} as (inputs, targets), a Dataset or a DataLoader, but got "
            f"{type(inputs).__name__}. Give tensors or arrays whose dimension 0 counts samples."
        )
    plain = dict(inputs) if isinstance(inputs, Mapping) else inputs
    return cast(Inputs, pytree.tree_map(_plain, plain))


def _plain(leaf: object) -> object:
    if isinstance(leaf, Tensor):
        return leaf.detach().cpu()
    return as_tensor(leaf) if isinstance(leaf, np.ndarray) else leaf


def _pair(name: str, inputs: object, targets: object) -> tuple[Inputs, Any]:
    """Inputs and targets; where each sample has its own, inputs may be a list of them too."""
    if _of_samples(inputs, targets):
        with _joining(name):
            pictures = [_plain(each) for each in cast("list[Any]", inputs)]
            inputs = torch.stack(cast("list[Tensor]", pictures))
    own = _inputs(name, inputs)
    if targets is None:
        return own, None
    leaves = [x for x in pytree.tree_leaves(own) if isinstance(x, Tensor) and x.ndim]
    return own, as_targets(_plain(targets), len(leaves[0]) if leaves else None)


def _of_samples(inputs: object, targets: object) -> bool:
    """Whether both are lists with an entry for each sample, as detectors' loaders collate them."""
    lists = isinstance(inputs, list | tuple) and isinstance(targets, list | tuple)
    if not lists or len(cast("list[Any]", inputs)) != len(cast("list[Any]", targets)):
        return False
    return all(isinstance(each, Mapping) for each in cast("list[Any]", targets))


@contextlib.contextmanager
def _joining(name: str) -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise DataMismatch(
            f"Expected samples of one shape in the {name} split, but they cannot be joined: "
            f"{str(error).splitlines()[0].rstrip('.')}. Resize or pad them in the dataset."
        ) from error


def _read(name: str, given: "DataLoader[Any] | Dataset[Any]") -> Samples:
    """Every batch of a dataset or loader, joined, in the order of the dataset."""
    promised = promised_samples(given)
    joined = JoinedBatches(name, promised)
    with fixed_randomness(), torch.no_grad():
        for batch in batches_in_order(name, given):
            values = read_batch(name, batch)
            with _joining(name):
                joined.add(values)
    with _joining(name):
        inputs, targets = joined.whole()
    given_samples = batch_size(inputs)
    if promised is not None and given_samples < promised:
        raise DataMismatch(
            f"Expected {promised} samples in the {name} split, as the dataset's length says, "
            f"but it ended after {given_samples}. Mend its __len__, or what it reads."
        )
    return Samples(inputs, targets)


def read_batch(name: str, batch: object) -> tuple[Inputs, Tensor | None]:
    """Return inputs and targets of a batch as a dataset or loader gives it.

    Args:
        name: What the samples are, for errors.
        batch: Inputs, a pair with targets, or a dict that may hold ``labels``.
    """
    if isinstance(batch, Mapping):
        rest = dict(batch)
        found = next((rest.pop(label) for label in _LABELS if label in rest), None)
        return _pair(name, rest, found)
    if isinstance(batch, tuple | list) and len(batch) == 2:
        return _pair(name, batch[0], batch[1])
    if isinstance(batch, tuple | list) and len(batch) == 1:  # a TensorDataset of inputs alone
        return _inputs(name, batch[0]), None
    return _inputs(name, batch), None


def _cut(samples: Samples) -> Splits:
    count = len(samples)
    if count < _FEWEST:
        raise DataMismatch(
            f"Expected at least {_FEWEST} samples to cut into calibration, validation and test, "
            f"but got {count}. Give more, or a dict of the three splits."
        )
    order = torch.from_numpy(np.random.default_rng(0).permutation(count))
    first, second = (int(end) for end in np.cumsum(_SHARES)[:2] * count // sum(_SHARES))
    parts = order[:first], order[first:second], order[second:]
    calibration, validation, test = (_picked(samples, rows) for rows in parts)
    return Splits(calibration, validation, test)


def _halves(samples: Samples) -> tuple[Samples, Samples]:
    count = batch_size(samples.inputs)
    if count < 2:
        raise DataMismatch(
            f"Expected validation samples to hold half of them back as test, but got {count}. Give "
            "a test split."
        )
    order = torch.from_numpy(np.random.default_rng(0).permutation(count))
    return _picked(samples, order[: count // 2]), _picked(samples, order[count // 2 :])


def _picked(samples: Samples, rows: Tensor) -> Samples:
    """The samples at ``rows``; what is large stays on the disk."""
    inputs = pytree.tree_map(
        lambda leaf: chosen(leaf, rows) if isinstance(leaf, Tensor) else leaf, samples.inputs
    )
    return Samples(inputs, take_targets(samples.targets, rows))
