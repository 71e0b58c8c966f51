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

_MOST_INFLATED: Final = 64 << 30


def load_weights(path: Path) -> dict[str, Tensor]:
    """Return the tensors by name in ``path``: safetensors, or a state dict of ``torch.save``.

    Raises:
        BadReference: No such file.
        UnsafeFile: The file holds more than tensors; loading it could run code.
        DamagedFile: Neither safetensors nor a state dict.
    """
    if not path.is_file():
        raise BadReference(
            f"Expected weights in {path}, but there is no such file. Check the path."
        )
    if path.suffix == ".safetensors":
        try:
            return load_file(path)
        except (SafetensorError, OSError) as error:
            raise DamagedFile(
                f"Expected {path} to be a safetensors file, but got: {error}. Download or save "
                "it again."
            ) from error
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                require_reasonable(path, archive)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on how a pickle was made, before it is refused
            loaded = torch.load(path, map_location="cpu", weights_only=True)
    except UnsafeFile:
        raise
    except Exception as error:
        if "weights_only" in str(error):
            raise UnsafeFile(
                f"Expected {path} to hold only tensors, but it holds pickled objects, which could "
                "run code when loaded; none of it was run. Save it again with "
                "safetensors.torch.save_file(model.state_dict(), 'weights.safetensors')."
            ) from error
        raise DamagedFile(
            f"Expected {path} to be safetensors or a state dict, but it cannot be read "
            f"({type(error).__name__}). Save it again with safetensors.torch.save_file."
        ) from error
    for key in ("state_dict", "model_state_dict", "model", "ema"):
        if isinstance(loaded, Mapping) and isinstance(loaded.get(key), Mapping):
            loaded = loaded[key]
    if not isinstance(loaded, Mapping) or not all(isinstance(v, Tensor) for v in loaded.values()):
        raise DamagedFile(
            f"Expected {path} to hold a state dict (names to tensors), but got "
            f"{type(loaded).__name__}. Save model.state_dict()."
        )
    return {str(name).removeprefix("module."): tensor for name, tensor in loaded.items()}


def require_reasonable(path: Path, archive: zipfile.ZipFile) -> None:
    """Raise ``UnsafeFile`` when ``archive`` claims to unpack to more than 64 GiB."""
    if sum(entry.file_size for entry in archive.infolist()) > _MOST_INFLATED:
        raise UnsafeFile(
            f"Expected {path} to unpack to less than {_MOST_INFLATED >> 30} GiB, but it claims "
            "more. Save the weights as safetensors."
        )


def pour(model: nn.Module, tensors: Mapping[str, Tensor], source: str) -> None:
    """Copy ``tensors`` into ``model``, every name and shape exactly; raises ``DataMismatch``.

    Of tied weights one name is enough, as safetensors stores them.
    """
    own = model.state_dict()
    given = dict(tensors)
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
    if missing or extra or shapes:
        problem = (
            f"{len(missing)} are missing (first {missing[0]})" if missing
            else f"{len(extra)} are unknown (first {extra[0]})" if extra
            else f"{len(shapes)} have another shape ({sorted(shapes)[0]})"
        )  # fmt: skip
        raise DataMismatch(
            f"Expected {source} to hold the {len(own)} tensors of this model, but {problem}. "
            "Give the weights of this architecture."
        )
    model.load_state_dict(dict(tensors))


def _place(tensor: Tensor) -> tuple[int, tuple[int, ...], tuple[int, ...]]:
    """Where a tensor lies in memory: equal for tied weights."""
    return tensor.data_ptr(), tuple(tensor.shape), tensor.stride()
