"""A study's own copy of its data: all three splits in one safetensors file, types unchanged."""

import json
import tempfile
from pathlib import Path
from typing import Final, cast

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import Tensor

from prunescope.capture.graph import Inputs
from prunescope.errors import BadReference, DamagedFile
from prunescope.sources.nested_tensors import Structure, pack, unpack
from prunescope.sources.splits import SPLITS, Samples, Splits, split_by
from prunescope.sources.stream_tensors import write_tensors
from prunescope.store.files import storage

_KEY: Final = "prunescope"


def splits_bytes(splits: Splits) -> int:
    """Return the bytes of all tensors of ``splits``."""
    _, tensors = _packed(splits)
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())


def write_splits(splits: Splits, path: Path) -> None:
    """Write ``splits`` to ``path``, whole or not at all, a few megabytes at a time.

    Inputs keep their nesting and types.
    """
    structure, tensors = _packed(splits)
    text = json.dumps({"splits": structure, "classes": splits.classes})
    with storage(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".writing-", dir=path.parent) as aside:
            write_tensors(tensors, Path(aside) / path.name, {_KEY: text})
            (Path(aside) / path.name).replace(path)


def read_splits(path: Path) -> Splits:
    """Return the splits that ``write_splits`` wrote to ``path``.

    Raises:
        BadReference: There is no such file.
        DamagedFile: The file is something else, or cut off.
    """
    if not path.is_file():
        raise BadReference(
            f"Expected the study's data in {path}, but there is no such file. Restore it, or "
            "sweep again from Python with the same data."
        )
    try:
        with safe_open(path, "pt") as file:
            known = json.loads((file.metadata() or {})[_KEY])
        tree = unpack(known["splits"], load_file(path))
        classes = tuple(map(str, known["classes"]))
        return split_by(lambda name: Samples(cast(Inputs, tree[name][0]), tree[name][1]), classes)
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedFile(
            f"Expected {path} to hold a study's data, but it cannot be read "
            f"({type(error).__name__}). Restore it, or sweep again from Python with the same data."
        ) from error


def _packed(splits: Splits) -> tuple[Structure, dict[str, Tensor]]:
    return pack({name: (s.inputs, s.targets) for name in SPLITS for s in [splits.named(name)]})
