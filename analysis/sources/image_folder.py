"""Splits from folders of images."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import parse_qsl

import numpy as np
import torch
from torch import Tensor

from prunescope.errors import BadReference, BadValue, DataMismatch, UnknownName
from prunescope.model_kinds.registry import kind_of
from prunescope.sources.class_folders import require_images
from prunescope.sources.functions import find_function, is_function
from prunescope.sources.splits import SPLITS, Samples, Splits, split_by
from prunescope.user_code.guard import guarded

_OPTIONS: Final = {"calibration": 1024, "validation": 2048, "test": 2048, "size": 224}


def from_folder(folder: Path, model: str, query: str) -> Splits:
    """Return the splits in ``folder``.

    Inside are calibration|train, validation|val and test, or one tree that is cut in three.
    """
    from torchvision.datasets import ImageFolder

    options = _options(query)
    if not folder.is_dir():
        raise BadReference(
            f"Expected a folder of images at {folder}, but there is none. Check the path."
        )
    transform = _transform(model, options["size"])
    names = {"calibration": ("calibration", "train"), "validation": ("validation", "val"),
             "test": ("test",)}  # fmt: skip
    found = {
        part: next((folder / n for n in names[part] if (folder / n).is_dir()), None)
        for part in SPLITS
    }
    try:
        if found["calibration"] and found["validation"]:
            for path in filter(None, found.values()):
                require_images(path)
            trees = {part: ImageFolder(str(path)) for part, path in found.items() if path}
            _require_alike(folder, {part: tree.classes for part, tree in trees.items()})
            order = {part: _shuffled(len(tree)) for part, tree in trees.items()}
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
            cuts = np.cumsum([options[part] for part in SPLITS])
            share = np.minimum(cuts, cuts * len(tree) // max(int(cuts[-1]), 1))
            pieces = np.split(_shuffled(len(tree)), share)[:3]
            trees = dict.fromkeys(SPLITS, tree)
            order = dict(zip(SPLITS, pieces, strict=True))
    except FileNotFoundError as error:
        raise DataMismatch(
            f"Expected {folder} to hold one folder of images per class, but got: "
            f"{str(error).splitlines()[0].rstrip('.')}. Arrange it as DIR/class/image.jpg."
        ) from error

    def read(part: str) -> Samples:
        images, labels = [], []
        for row in order[part][: options[part]]:
            file, label = trees[part].samples[int(row)]
            images.append(_image(file, trees[part].loader, transform))
            labels.append(label)
        if not images:
            raise DataMismatch(
                f"Expected images for {part} in {folder}, but there are none. Add some."
            )
        shapes = {tuple(image.shape) for image in images}
        if len(shapes) > 1:
            raise DataMismatch(
                f"Expected preprocessing to give images of one shape, but {part} has "
                f"{' and '.join(map(str, sorted(shapes)[:2]))}. Resize and crop in preprocess."
            )
        return Samples(torch.stack(images), torch.tensor(labels))

    return split_by(read, tuple(trees["validation"].classes))


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


def _transform(model: str, size: int) -> Callable[[Any], Tensor]:
    """The model's preprocessing: its kind's, the function's ``preprocess``, or ImageNet's."""
    from torchvision.transforms import v2

    named = kind_of(model)
    if named is not None and (known := named[0].transform(named[1])) is not None:
        return known
    if named is None and is_function(model):
        own = getattr(find_function("model", model), "preprocess", None)
        if callable(own):
            return cast(Callable[[Any], Tensor], own)
    return cast(Callable[[Any], Tensor], v2.Compose(
        [
            v2.ToImage(), v2.Resize(size * 8 // 7), v2.CenterCrop(size),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ]
    ))  # fmt: skip


def _options(query: str) -> dict[str, int]:
    options = dict(_OPTIONS)
    for name, value in parse_qsl(query):
        if name not in options:
            raise UnknownName.among("option of imagefolder", name, options)
        if not value.isdigit() or int(value) < 1:
            raise BadValue(
                f"Expected {name} to be a whole number above 0, but got {value!r}. Write for "
                f"example imagefolder:DIR?{name}={options[name]}."
            )
        options[name] = int(value)
    return options


def _shuffled(count: int) -> Any:
    return np.random.default_rng(0).permutation(count)
