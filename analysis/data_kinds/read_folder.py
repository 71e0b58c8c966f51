"""Splits from folders of images."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from prunescope.data_kinds.class_folders import require_images
from prunescope.data_kinds.cut_rows import cut_rows
from prunescope.data_kinds.kind import Parts
from prunescope.data_kinds.large_samples import UnlikeSamples, stacked
from prunescope.data_kinds.options import COUNTS, Options
from prunescope.data_kinds.pictures import picture_transform
from prunescope.errors import BadReference, DataMismatch
from prunescope.user_code.guard import guarded

if TYPE_CHECKING:
    from torch import Tensor


def read_folder(folder: Path, options: Options, preprocess: Callable[[Any], Any] | None) -> Parts:
    """Return the splits in ``folder``.

    Inside are calibration|train, validation|val and test, or one tree that is cut in three.

    Raises:
        BadReference: There is no such folder.
        DataMismatch: Its folders hold no pictures, or splits are missing or unlike.
    """
    import torch
    from torchvision.datasets import ImageFolder

    if not folder.is_dir():
        raise BadReference(
            f"Expected a folder of images at {folder}, but there is none. Check the path."
        )
    transform = picture_transform(options, preprocess)
    seed = options.count("seed")
    names = {"calibration": ("calibration", "train"), "validation": ("validation", "val"),
             "test": ("test",)}  # fmt: skip
    found = {
        part: next((folder / n for n in names[part] if (folder / n).is_dir()), None)
        for part in COUNTS
    }
    try:
        if found["calibration"] and found["validation"]:
            for path in filter(None, found.values()):
                require_images(path)
            trees = {part: ImageFolder(str(path)) for part, path in found.items() if path}
            _require_alike(folder, {part: tree.classes for part, tree in trees.items()})
            order = {part: _shuffled(len(tree), seed) for part, tree in trees.items()}
            if "test" not in trees:  # the second half of validation is held back as test
                half = len(order["validation"]) // 2
                trees["test"] = trees["validation"]
                order["test"] = order["validation"][half:]
                order["validation"] = order["validation"][:half]
        elif found["calibration"] or found["validation"]:
            raise DataMismatch(
                f"Expected both train and val in {folder}, but only one is there. Add the other, "
                "or name the folder whose folders are the classes."
            )
        else:
            require_images(folder)
            tree = ImageFolder(str(folder))
            trees = dict.fromkeys(COUNTS, tree)
            order = cut_rows(np.asarray(tree.targets), options)
    except FileNotFoundError as error:
        raise DataMismatch(
            f"Expected {folder} to hold one folder of images per class, but got: "
            f"{str(error).splitlines()[0].rstrip('.')}. Arrange it as DIR/class/image.jpg."
        ) from error

    def read(part: str) -> tuple[Tensor, Tensor]:
        rows = order[part][: options.count(part)]
        if not len(rows):
            raise DataMismatch(
                f"Expected images for {part} in {folder}, but there are none. Add some."
            )
        tree = trees[part]
        files, labels = zip(*(tree.samples[int(row)] for row in rows), strict=True)
        try:
            images = stacked((_image(f, tree.loader, transform) for f in files), len(files))
        except UnlikeSamples as error:
            raise DataMismatch(
                f"Expected preprocessing to give images of one shape, but {part} has "
                f"{' and '.join(map(str, error.shapes))}. Resize and crop in preprocess."
            ) from error
        return images, torch.tensor(labels)

    return Parts({part: read(part) for part in COUNTS}, tuple(trees["validation"].classes))


def _image(file: str, load: Callable[[str], Any], transform: Callable[[Any], Tensor]) -> Tensor:
    with guarded(
        f"{file} to be an image that preprocessing can read",
        "Replace the file or mend the preprocessing.",
        DataMismatch,
        f"reading {file}",
    ):
        return transform(load(file))


def _require_alike(folder: Path, classes: Mapping[str, list[str]]) -> None:
    first = classes["calibration"]
    for part, names in classes.items():
        if names != first:
            other = sorted(set(first) ^ set(names))
            raise DataMismatch(
                f"Expected the same classes in every split of {folder}, but {part} differs from "
                f"calibration in {', '.join(other[:3])}. Give each split a folder per class."
            )


def _shuffled(count: int, seed: int) -> Any:
    return np.random.default_rng(seed).permutation(count)
