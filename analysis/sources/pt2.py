"""A captured program (``.pt2``) from a file, read only when nothing in it could run code.

``torch.export.load`` falls back to full unpickling for whatever is not a plain tensor, and runs
compiled kernels that an archive may hold. So the archive is looked through first.
"""

import io
import json
import re
import warnings
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final, cast

import torch
from torch import nn

from prunescope.capture.graph import Inputs
from prunescope.errors import BadReference, DamagedFile, UnsafeFile
from prunescope.sources.weights import require_reasonable

_PLAIN: Final = re.compile(
    r"data/weights/weight_\d+|data/constants/tensor_\d+|models/[^/]+\.json|extra/.*|byteorder"
    r"|archive_format|archive_version|\.format_version|\.data/[^/]+"
)
_LISTS: Final = re.compile(r"data/(weights|constants)/[^/]+_config\.json")
_PICKLED_INPUTS: Final = re.compile(r"data/sample_inputs/[^/]+\.pt")


def load_program(path: Path) -> nn.Module:
    """Return the module of the exported program in ``path``.

    Raises:
        BadReference: No such file, or torch cannot load it.
        DamagedFile: Not an archive of ``torch.export.save``.
        UnsafeFile: Something in it could run code when loaded.
    """
    if not path.is_file():
        raise BadReference(
            f"Expected {path} to be a .pt2 file, but it does not exist. Check the path."
        )
    _require_plain(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # read-only buffers: nobody writes to them
            program = torch.export.load(path)
            return cast(nn.Module, program.module(check_guards=False))
    except Exception as error:
        raise BadReference(
            f"Expected {path} to be a program of torch.export.save, but it cannot be loaded: "
            f"{str(error).splitlines()[0] if str(error) else type(error).__name__}. Export it "
            "again with this version of torch."
        ) from error


def program_inputs(path: Path) -> Inputs | None:
    """Return the batch that the program in ``path`` was exported with; None where it has none.

    Raises:
        DamagedFile, UnsafeFile: As ``load_program``.
    """
    _require_plain(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        inputs = torch.export.load(path).example_inputs
    if inputs is None:
        return None
    args, kwargs = inputs
    return cast(Inputs, kwargs or args)


def _require_plain(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            require_reasonable(path, archive)
            names = [entry.filename.partition("/")[2] for entry in archive.infolist()]
            suspect = _suspect(archive, names)
    except (zipfile.BadZipFile, EOFError, OSError, ValueError, KeyError) as error:
        raise DamagedFile(
            f"Expected {path} to be an archive of torch.export.save, but it cannot be read "
            f"({type(error).__name__}). Export the model again."
        ) from error
    if suspect is not None:
        raise UnsafeFile(
            f"Expected {path} to hold only tensors and a graph, but {suspect} could run code when "
            "loaded. Export the model again with torch.export.save, without custom objects."
        )


def _suspect(archive: zipfile.ZipFile, names: list[str]) -> str | None:
    """The first entry that is more than tensors and a graph, or None."""
    if len(set(names)) < len(names):
        return "a name that stands twice"
    for entry, name in zip(archive.infolist(), names, strict=True):
        if _LISTS.fullmatch(name):
            listed = json.loads(archive.read(entry)).get("config", {}).values()
            if any(each.get("use_pickle") for each in _dicts(listed)):
                return f"a pickled object in {name}"
        elif _PICKLED_INPUTS.fullmatch(name):
            if not _only_tensors(archive.read(entry)):
                return name
        elif not _PLAIN.fullmatch(name):
            return name or "an entry without a folder"
    return None


def _dicts(values: Iterable[object]) -> list[dict[str, object]]:
    """Refuse, as damage, a list of anything but objects."""
    found = list(values)
    if not all(isinstance(value, dict) for value in found):
        raise ValueError
    return cast(list[dict[str, object]], found)


def _only_tensors(content: bytes) -> bool:
    if not content:
        return True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception:  # noqa: BLE001 - whatever it holds, torch would unpickle it next
        return False
    return True
