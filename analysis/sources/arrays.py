"""Splits from a file of plain arrays, and arrays as tensors."""

import math
import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from prunescope.capture.graph import Inputs
from prunescope.capture.ragged import LENGTHS, Ragged, gather, per_sample
from prunescope.data_kinds.large_samples import is_large, pieces, room
from prunescope.errors import BadReference, DataMismatch
from prunescope.fence.numpy_files import require_plain_arrays
from prunescope.sources.splits import SPLITS, Samples, Splits, split_by


def from_file(path: Path) -> Splits:
    """Return the splits in the ``.npz`` file ``path``.

    Its keys are ``{split}_{inputs|targets}``; several inputs are ``{split}_inputs_{name}``,
    several targets ``{split}_targets_{name}``. Of ragged targets all samples' rows lie behind one
    another, and ``{split}_targets_{name}_lengths`` says how many each sample has.
    """
    if not path.is_file():
        raise BadReference(f"Expected data in {path}, but there is no such file. Check the path.")
    require_plain_arrays(path)
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            arrays = {key: _read(file, key) for key in file.files}
    except Exception as error:  # what a damaged archive does to zipfile, zlib or numpy
        reason = str(error).rstrip(".") or type(error).__name__
        raise DataMismatch(
            f"Expected {path} to hold plain arrays, but got: {reason}. Save it with numpy.savez "
            "from arrays of numbers."
        ) from error

    def read(part: str) -> Samples:
        single = arrays.get(f"{part}_inputs")
        prefix = f"{part}_inputs_"
        several = {
            key.removeprefix(prefix): as_tensor(array)
            for key, array in arrays.items()
            if key.startswith(prefix)
        }
        if single is None and not several:
            raise DataMismatch(
                f"Expected {path} to hold {part}_inputs (and {part}_targets), but it holds "
                f"{', '.join(sorted(arrays)) or 'nothing'}. Name the arrays "
                "calibration_inputs, validation_inputs, test_inputs, ..._targets."
            )
        targets = arrays.get(f"{part}_targets")
        if single is not None and several:
            raise DataMismatch(
                f"Expected {path} to hold either {part}_inputs or {part}_inputs_NAME for every "
                f"input, but it holds {part}_inputs and {prefix}{next(iter(several))}. Remove one."
            )
        inputs: Inputs = several if single is None else as_tensor(single)
        named = {
            key.removeprefix(f"{part}_targets_"): _target(arrays, key)
            for key in arrays
            if key.startswith(f"{part}_targets_") and not _counts_rows(arrays, key)
        }
        if targets is None and named:
            return Samples(inputs, named)
        return Samples(inputs, None if targets is None else _target(arrays, f"{part}_targets"))

    labelled = [part for part in SPLITS if any(k.startswith(f"{part}_targets") for k in arrays)]
    if labelled and "validation" not in labelled:
        raise DataMismatch(
            f"Expected {path} to hold validation_targets, as it holds {labelled[0]}_targets, but "
            "it has none. Add them, or take the targets of all splits out."
        )
    return replace(split_by(read), casts=casts(arrays))


def _read(file: Any, key: str) -> np.ndarray:
    """One array of an archive; a large one is copied to the disk as it is read."""
    with file.zip.open(f"{key}.npy") as member:
        version = np.lib.format.read_magic(member)
        if version > (2, 0):
            return np.asarray(file[key])
        header = (
            np.lib.format.read_array_header_1_0
            if version == (1, 0)
            else np.lib.format.read_array_header_2_0
        )
        shape, by_columns, dtype = header(member)
        size = math.prod(shape) * dtype.itemsize
        if by_columns or dtype.hasobject or not is_large(size):
            return np.asarray(file[key])
        values = room((size,), torch.uint8).numpy()
        for part in pieces(size, 1):
            values[part] = np.frombuffer(_exactly(member, part.stop - part.start), np.uint8)
    return values.view(dtype).reshape(shape)


def _exactly(member: Any, count: int) -> bytes:
    data = bytes(member.read(count))
    if len(data) != count:
        raise ValueError("it ends too early")
    return data


def _counts_rows(arrays: Mapping[str, Any], key: str) -> bool:
    """Whether the array ``key`` says how many rows of another array each sample has."""
    return key.endswith(f"_{LENGTHS}") and key.removesuffix(f"_{LENGTHS}") in arrays


def _target(arrays: Mapping[str, Any], key: str) -> Any:
    """The target ``key``; ragged where the array of its lengths lies beside it."""
    lengths = arrays.get(f"{key}_{LENGTHS}")
    if lengths is None:
        return as_targets(arrays[key])
    try:
        return Ragged(_as_is(arrays[key]), torch.from_numpy(native(np.array(lengths))))
    except DataMismatch as error:
        raise DataMismatch(f"In {key}_{LENGTHS}: {error}") from error


def casts(arrays: Mapping[str, Any]) -> tuple[str, ...]:
    """Return which arrays of inputs are read with less precision than they have.

    >>> casts({"test_inputs": np.zeros(2), "test_targets": np.zeros(2)})
    ('test_inputs from float64 to float32',)
    """
    return tuple(
        f"{name} from float64 to float32"
        for name, array in arrays.items()
        if "targets" not in name and getattr(array, "dtype", None) == np.float64
    )


def as_tensor(array: Any) -> Tensor:
    """Return an array of numbers as a tensor, float64 as float32.

    A memmap stays on the disk, and what is large where it is; others are copied.
    """
    stays = isinstance(array, np.memmap) or (
        isinstance(array, np.ndarray) and is_large(array.nbytes)
    )
    try:
        with warnings.catch_warnings():  # nothing here writes to samples
            warnings.filterwarnings("ignore", message="The given NumPy array is not writ")
            tensor = torch.from_numpy(native(array if stays else np.array(array)))
    except (TypeError, ValueError) as error:
        raise DataMismatch(
            f"Expected arrays of numbers, but got {np.asarray(array).dtype}. Convert them to "
            "float32 or int64."
        ) from error
    return tensor.float() if tensor.dtype == torch.float64 else tensor


def native(array: np.ndarray) -> np.ndarray:
    """Return ``array`` in this machine's order of bytes; torch knows no other.

    >>> native(np.array([1.5], ">f4")).dtype == np.float32
    True
    """
    if array.dtype.kind not in "biufc" or array.dtype.isnative:
        return array
    return array.astype(array.dtype.newbyteorder("="))


def as_targets(targets: Any, count: int | None = None) -> Any:
    """Return targets as int64 or float32: a tensor, ``Ragged``, or a dict or tuple of such.

    A list is taken for an array of numbers where it is one, for samples' own targets where it has
    an entry for each sample (``ragged.per_sample``), else for a tuple.

    Args:
        targets: As their user gives them.
        count: How many samples there are, where that is known.
    """
    if isinstance(targets, Ragged):
        return Ragged(_one_target(targets.values), targets.lengths)
    if isinstance(targets, Mapping):
        return {str(name): as_targets(each, count) for name, each in targets.items()}
    if isinstance(targets, tuple) or (isinstance(targets, list) and _holds_arrays(targets)):
        if count is not None and isinstance(targets, tuple | list):
            plain = pytree.tree_map(_as_is, targets)
            if per_sample(plain, count):
                return gather(plain)
        return tuple(as_targets(each, count) for each in targets)
    return _one_target(targets)


def _as_is(leaf: Any) -> Any:
    """A target of one sample: numbers as int64 or float32, whatever shape they have."""
    if not isinstance(leaf, Tensor | np.ndarray | bool | int | float):
        return leaf
    tensor = leaf if isinstance(leaf, Tensor) else torch.from_numpy(native(np.array(leaf)))
    return tensor.detach().cpu().float() if tensor.is_floating_point() else tensor.long().cpu()


def _holds_arrays(targets: list[Any]) -> bool:
    return any(isinstance(each, Tensor | np.ndarray | Mapping) for each in targets)


def _one_target(targets: Any) -> Tensor:
    """Targets as int64 or float32; a column ``(n, 1)`` of labels is ``(n,)``."""
    try:
        tensor = (
            targets if isinstance(targets, Tensor) else torch.from_numpy(native(np.array(targets)))
        )
    except (TypeError, ValueError) as error:
        raise DataMismatch(
            f"Expected targets as a tensor or an array of numbers, but got "
            f"{type(targets).__name__}. Convert them to int64 class labels."
        ) from error
    if tensor.is_floating_point():
        return tensor.float()
    return (tensor.flatten() if tensor.ndim == 2 and tensor.shape[1] == 1 else tensor).long()
