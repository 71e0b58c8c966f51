"""Weights from a file, without ever running code from it."""

import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from prunescope.errors import BadReference, DamagedFile, DataMismatch, UnsafeFile
from prunescope.fence.archives import checked_members
from prunescope.fence.pickles import check_saved
from prunescope.fence.refusal import Refusal
from prunescope.fence.safetensors_files import require_honest_tensors
from prunescope.sources.checkpoint_entries import state_dicts
from prunescope.sources.match_names import nearest, renamed
from prunescope.sources.merged_weights import merged
from prunescope.sources.sparse_tensors import dense_again
from prunescope.sources.weight_folders import weight_files

_ZIP: Final = b"PK\x03\x04"
"""How a file begins that ``torch.load`` takes for an archive."""
_MOST_SPREAD: Final = 20
_SPARE: Final = 64 << 20


def load_weights(path: Path, like: nn.Module | None = None) -> dict[str, Tensor]:
    """Return the tensors by name in ``path``: safetensors, or a state dict of ``torch.save``.

    ``path`` may also be a folder or the index of shards (``weight_files``). Of a checkpoint with
    several state dicts it is the likeliest, or the one that fits.

    Args:
        path: Never runs code, whatever it holds.
        like: Chooses among several state dicts by its names.

    Raises:
        BadReference: No such file.
        UnsafeFile: The file holds more than tensors; loading it could run code.
        DamagedFile: Neither safetensors nor a state dict.
    """
    tensors: dict[str, Tensor] = {}
    for file in weight_files(path):
        part = _load_file(file, like)
        twice = tensors.keys() & part.keys()
        if twice:
            raise DamagedFile(
                f"Expected the shards of {path} to hold each tensor once, but {sorted(twice)[0]} "
                "stands in two. Download the folder again."
            )
        tensors |= part
    return tensors


def _load_file(path: Path, like: nn.Module | None) -> dict[str, Tensor]:
    if not path.is_file():
        raise BadReference(
            f"Expected weights in {path}, but there is no such file. Check the path."
        )
    if path.suffix == ".safetensors":
        require_honest_tensors(path)
        try:
            return dense_again(path, load_file(path))
        except (SafetensorError, OSError) as error:
            raise DamagedFile(
                f"Expected {path} to be a safetensors file, but got: {error}. Download or save "
                "it again."
            ) from error
    try:
        _require_tensors(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on how a pickle was made, before it is refused
            loaded = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        reason = _more_than_tensors(error)
        if reason is not None:
            raise UnsafeFile(
                f"Expected {path} to hold only tensors, but {reason}; none of it was run. Save it "
                "again with safetensors.torch.save_file(model.state_dict(), 'weights.safetensors')."
            ) from error
        raise DamagedFile(
            f"Expected {path} to be safetensors or a state dict, but it cannot be read "
            f"({type(error).__name__}). Save it again with safetensors.torch.save_file."
        ) from error
    entries = [tensors for _, tensors in state_dicts(loaded)]
    if not entries:
        raise DamagedFile(
            f"Expected {path} to hold a state dict (names to tensors), but got "
            f"{type(loaded).__name__}. Save model.state_dict()."
        )
    if like is None:
        return entries[0]
    own = like.state_dict()
    return max(entries, key=lambda tensors: sum(name in own for name in _fitted(tensors, own)))


def _fitted(tensors: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """``tensors`` whole and under the network's names, as far as that can be told."""
    if tensors.keys() == own.keys():
        return dict(tensors)
    return renamed(merged(tensors, own), own)


def _more_than_tensors(error: Exception) -> str | None:
    """Why a file could do more than fill tensors, or None when it is only damaged."""
    if isinstance(error, Refusal):
        return None if error.damage else error.reason
    if "weights_only" in str(error):
        return "it holds pickled objects, which could run code when loaded"
    return None


def _require_tensors(path: Path) -> None:
    """Raise ``Refusal`` when a file of ``torch.save`` names more than tensors, or claims too much.

    ``torch.load`` tells its two formats apart by the first four bytes, so that is done here too.
    """
    with path.open("rb") as file:
        if file.read(4) != _ZIP:
            file.seek(0)
            check_saved(file, None)
            return
        with zipfile.ZipFile(path) as archive:
            checked_members(archive, _MOST_SPREAD * path.stat().st_size + _SPARE)
            check_saved(file, archive)


def pour(model: nn.Module, tensors: Mapping[str, Tensor], source: str) -> None:
    """Copy ``tensors`` into ``model``, every name and shape exactly; raises ``DataMismatch``.

    Prefixes of training loops are left out or put before, and parts are merged (``match_names``,
    ``merged_weights``). Of tied weights one name is enough, as safetensors stores them.
    """
    own = model.state_dict()
    tensors = given = _fitted(tensors, own)
    by_storage = {_place(own[name]): tensor for name, tensor in tensors.items() if name in own}
    for name, tensor in own.items():
        if name not in given and tensor.numel() and _place(tensor) in by_storage:
            given[name] = by_storage[_place(tensor)]
    tensors = given
    missing, extra = sorted(own.keys() - tensors.keys()), sorted(tensors.keys() - own.keys())
    shapes = [
        f"{name} is {tuple(tensors[name].shape)}, not {tuple(own[name].shape)}"
        for name in own.keys() & tensors.keys()
        if own[name].shape != tensors[name].shape
    ]
    kinds = [
        f"{name} is {_told(tensors[name])}, not {_told(own[name])}"
        for name in own.keys() & tensors.keys()
        if _kind(own[name]) != _kind(tensors[name])
    ]
    if missing or extra or shapes or kinds:
        problem = (
            f"{len(missing)} are missing ({_lacking(missing[0], own, tensors, extra)})" if missing
            else f"{len(extra)} are unknown (first {extra[0]})" if extra
            else f"{len(shapes)} have another shape ({sorted(shapes)[0]})" if shapes
            else f"{len(kinds)} hold another kind of number ({sorted(kinds)[0]})"
        )  # fmt: skip
        raise DataMismatch(
            f"Expected {source} to hold the {len(own)} tensors of this model, but {problem}. "
            "Give the weights of this architecture."
        )
    model.load_state_dict(dict(tensors))


def _lacking(
    name: str, own: Mapping[str, Tensor], tensors: Mapping[str, Tensor], extra: list[str]
) -> str:
    """The first name that is missing, and what is nearest to it in the file."""
    shape = tuple(own[name].shape)
    others = {other: tensors[other] for other in extra or tensors}
    near = f"; nearest in the file: {nearest(name, shape, others)}" if others else ""
    return f"first {name} {shape}{near}"


def _kind(tensor: Tensor) -> str:
    """What copying between types must not change: 0.5 as a whole number is 0."""
    if tensor.dtype == torch.bool:
        return "bool"
    floats = "complex" if tensor.is_complex() else "float"
    return floats if tensor.is_complex() or tensor.is_floating_point() else "int"


def _told(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _place(tensor: Tensor) -> tuple[int, tuple[int, ...], tuple[int, ...]]:
    """Where a tensor lies in memory: equal for tied weights."""
    return tensor.data_ptr(), tuple(tensor.shape), tensor.stride()
