"""``torchvision:NAME``: a dataset of torchvision, from where it lies or downloaded once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from prunescope.data_kinds.cut_rows import cut_rows
from prunescope.data_kinds.kind import DataKind, Parts, Preprocess
from prunescope.data_kinds.large_samples import UnlikeSamples, stacked
from prunescope.data_kinds.options import COUNTS, Options
from prunescope.data_kinds.pictures import OPTIONS, picture_transform
from prunescope.errors import BadReference, DataMismatch, UnknownName
from prunescope.user_code.guard import guarded

if TYPE_CHECKING:
    from torch import Tensor

_BY_FLAG: Final = ("CIFAR10", "CIFAR100", "FashionMNIST", "KMNIST", "MNIST", "USPS")
"""``train=True`` and ``train=False``."""
_BY_SPLIT: Final[Mapping[str, tuple[str, ...]]] = {
    "CLEVRClassification": ("train", "val"), "Country211": ("train", "valid", "test"),
    "DTD": ("train", "val", "test"), "FER2013": ("train", "test"),
    "FGVCAircraft": ("train", "val", "test"), "Flowers102": ("train", "val", "test"),
    "Food101": ("train", "test"), "GTSRB": ("train", "test"), "ImageNet": ("train", "val"),
    "Imagenette": ("train", "val"), "OxfordIIITPet": ("trainval", "test"),
    "PCAM": ("train", "val", "test"), "RenderedSST2": ("train", "val", "test"),
    "STL10": ("train", "test"), "SVHN": ("train", "test"), "StanfordCars": ("train", "test"),
}  # fmt: skip
"""``split=…``: for calibration, validation and test; of two the second is cut in both."""
_WHOLE: Final = ("Caltech101", "Caltech256", "EuroSAT", "SEMEION", "SUN397")
"""One set, which is cut in three."""
_PLACED_BY_HAND: Final = ("FER2013", "ImageNet")
"""They take no ``download``."""


class Torchvision(DataKind):
    """Pictures and their classes; pictures stay as large as they are unless ``size`` is typed."""

    name = "torchvision"
    form = "torchvision:NAME"
    options: ClassVar[Mapping[str, int | str]] = {
        **COUNTS,
        **OPTIONS,
        "seed": 0,
        "stratified": "",
        "root": "datasets",
    }
    rank = 2

    def load(self, name: str, options: Options, preprocess: Preprocess | None) -> Parts:
        """Return the samples of the dataset ``name``, such as ``CIFAR10``, under ``root``."""
        import numpy as np

        root = options.text("root")
        if name in _WHOLE:
            opened = [_opened(name, root, {})]
        elif name in _BY_FLAG:
            opened = [_opened(name, root, {"train": train}) for train in (True, False)]
        elif name in _BY_SPLIT:
            opened = [_opened(name, root, {"split": split}) for split in _BY_SPLIT[name]]
        else:
            known = sorted((*_BY_FLAG, *_BY_SPLIT, *_WHOLE))
            raise UnknownName.among("torchvision dataset of pictures and classes", name, known)
        labels = [np.asarray(_labels(dataset)) for dataset in opened]
        if len(opened) == 1:
            cut = cut_rows(labels[0], options)
            rows = [(part, opened[0], cut[part]) for part in COUNTS]
        else:
            rows = [("calibration", opened[0], _first(labels[0], options, "calibration"))]
            if len(opened) == 2:
                cut = cut_rows(labels[1], options.with_counts(calibration=0))
                rows += [(part, opened[1], cut[part]) for part in ("validation", "test")]
            else:
                rows += [
                    (part, opened[at], _first(labels[at], options, part))
                    for at, part in ((1, "validation"), (2, "test"))
                ]
        transform = picture_transform(options, preprocess, keep_size=True)
        classes = tuple(map(str, getattr(opened[0], "classes", None) or ()))
        return Parts(
            {part: _read(name, dataset, chosen, transform) for part, dataset, chosen in rows},
            classes,
        )


def _first(labels: Any, options: Options, part: str) -> Any:
    """The rows of the one split that a dataset is."""
    others = {other: 0 for other in COUNTS if other != part}
    return cut_rows(labels, options.with_counts(**others))[part]


def _opened(name: str, root: str, which: Mapping[str, Any]) -> Any:
    """The dataset, downloaded where it is not there yet."""
    from torchvision import datasets

    made = getattr(datasets, name)
    with guarded(
        f"torchvision's {name} to lie in {root} or to be downloaded there",
        "Place it there, name another folder with ?root=DIR, or go online.",
        BadReference,
        f"reading {name}",
    ):
        if name in _PLACED_BY_HAND:
            return made(root, **which)
        try:
            return made(root, **which, download=False)
        except TypeError:  # one of those that look whether it is there by themselves
            return made(root, **which)
        except RuntimeError:
            return made(root, **which, download=True)


def _labels(dataset: Any) -> Any:
    """All labels without reading a picture, as torchvision's datasets call them."""
    for name in ("targets", "labels", "_labels", "y"):
        labels = getattr(dataset, name, None)
        if labels is not None:
            return labels
    samples = getattr(dataset, "samples", None) or getattr(dataset, "_samples", None)
    return [label for _, label in samples] if samples else range(len(dataset))


def _read(name: str, dataset: Any, rows: Any, transform: Callable[[Any], Any]) -> tuple[Any, Any]:
    import torch

    if not len(rows):
        raise DataMismatch(f"Expected pictures in {name}, but there are none. Place it anew.")
    labels: list[int] = []

    def picture(row: int) -> Tensor:
        with guarded(
            f"picture {row} of {name} to be read", "Replace the dataset's files or mend the "
            "preprocessing.", DataMismatch, f"reading {name}",
        ):  # fmt: skip
            image, label = dataset[row]
            labels.append(int(label))
            return cast("Tensor", transform(image))

    try:
        pictures = stacked((picture(int(row)) for row in rows), len(rows))
    except UnlikeSamples as error:
        raise DataMismatch(
            f"Expected the pictures of {name} to be of one size, but they are "
            f"{' and '.join(map(str, error.shapes))}. Add ?size=224."
        ) from error
    return pictures, torch.tensor(labels)


KIND: Final = Torchvision()
