"""``imagefolder:DIR``: pictures in one folder per class, with or without folders for splits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Final

from prunescope.data_kinds.kind import DataKind, Parts, Preprocess
from prunescope.data_kinds.options import COUNTS, Options
from prunescope.data_kinds.pictures import OPTIONS


class ImageFolder(DataKind):
    """Inside are calibration|train, validation|val and test, or one tree that is cut in three."""

    name = "imagefolder"
    form = "imagefolder:DIR"
    options: ClassVar[Mapping[str, int | str]] = {**COUNTS, **OPTIONS, "seed": 0, "stratified": ""}
    rank = 1

    def load(self, name: str, options: Options, preprocess: Preprocess | None) -> Parts:
        """Return the splits in the folder ``name``."""
        from prunescope.data_kinds.read_folder import read_folder

        return read_folder(Path(name), options, preprocess)

    def path(self, name: str) -> Path:
        """Return the folder."""
        return Path(name)


KIND: Final = ImageFolder()
