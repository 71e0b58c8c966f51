"""Data from its reference: the splits that calibrate, validate and test a model."""

import hashlib
import itertools
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import parse_qsl

import numpy as np
import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from analysis.capture.graph import Inputs, batch_size, take
from analysis.errors import BadReference, BadValue, DataMismatch, PrunescopeError, UnknownName
from analysis.sources.functions import find_function, is_function
from analysis.sources.models import torchvision_transform
from analysis.study import Reference

SPLITS: Final = ("calibration", "validation", "test")
GRAMMAR: Final = "sample:fashion-mnist, imagefolder:DIR, file.npz, or file.py:function"
_OPTIONS: Final = {"calibration": 1024, "validation": 2048, "test": 2048, "size": 224}


@dataclass(frozen=True)
class Samples:
    """Samples of one split.

    Attributes:
        inputs: A batch of all samples: a tensor, a tuple or a dict; dimension 0 counts samples.
        targets: ``(n,)`` int64 class labels, or whatever the metric takes; None without labels.
    """

    inputs: Inputs
    targets: Tensor | None = None

    def __len__(self) -> int:
        return batch_size(self.inputs)

    def chunk(self, start: int, stop: int) -> "Samples":
        """Return the samples from ``start`` up to ``stop``."""
        rows = slice(start, stop)
        return Samples(
            take(self.inputs, rows), None if self.targets is None else self.targets[rows]
        )


@dataclass(frozen=True)
class Splits:
    """Three disjoint sets: calibration (scores, recovery), validation (curves), test (once)."""

    calibration: Samples
    validation: Samples
    test: Samples
    classes: tuple[str, ...] = field(default=())

    def named(self, name: str) -> Samples:
        """Return the split ``name``."""
        if name not in SPLITS:
            raise UnknownName.among("split", name, SPLITS)
        found: Samples = getattr(self, name)
        return found


def load_data(reference: Reference) -> Splits:
    """Return the splits that ``reference.data`` names.

    Raises:
        BadReference: The reference has no known form or leads nowhere.
        DataMismatch: A split is empty, its parts have different lengths, or values are NaN.
    """
    text = reference.data
    path, _, query = text.partition("?")  # only a folder of images takes options
    if text.startswith("sample:"):
        splits = _sample(text.removeprefix("sample:"))
    elif path.startswith("imagefolder:"):
        folder = Path(path.removeprefix("imagefolder:"))
        splits = _image_folder(folder, reference.model, _options(query))
    elif text.endswith(".npz"):
        splits = _arrays(Path(text))
    elif is_function(text):
        splits = _from_function(text)
    else:
        raise BadReference(
            f"Expected data as {GRAMMAR}, but got {text!r}. For example sample:fashion-mnist."
        )
    for name in SPLITS:
        _check(name, splits.named(name), text)
    return splits


def data_hash(splits: Splits) -> str:
    """Return a hash of all samples of all splits: names, values and order."""
    digest = hashlib.sha256()
    for name in SPLITS:
        samples = splits.named(name)
        leaves, _ = pytree.tree_flatten_with_path((samples.inputs, samples.targets))
        for path, leaf in leaves:
            digest.update(f"{name}{pytree.keystr(path)}".encode())
            if isinstance(leaf, Tensor):
                digest.update(f"{leaf.dtype}{tuple(leaf.shape)}".encode())
                digest.update(leaf.detach().cpu().flatten().view(torch.uint8).numpy().tobytes())
            else:
                digest.update(repr(leaf).encode())
    return digest.hexdigest()[:16]


def _sample(name: str) -> Splits:
    from sample_models import fashion_mnist

    if name != "fashion-mnist":
        raise UnknownName.among("sample data", name, ["fashion-mnist"])

    def read(part: str) -> Samples:
        images, labels = fashion_mnist.split(part)
        return Samples(
            torch.from_numpy(fashion_mnist.normalise(images)),
            torch.from_numpy(labels.astype(np.int64)),
        )

    return _three(read, fashion_mnist.CLASSES)


def _arrays(path: Path) -> Splits:
    """Keys ``{split}_{inputs|targets}``; several inputs as ``{split}_inputs_{name}``."""
    if not path.is_file():
        raise BadReference(f"Expected data in {path}, but there is no such file. Check the path.")
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
    except (
        OSError,
        ValueError,
        EOFError,
        TypeError,
        AttributeError,
        zlib.error,
        zipfile.BadZipFile,
    ) as error:
        raise DataMismatch(
            f"Expected {path} to hold plain arrays, but got: {str(error).rstrip('.')}. Save it "
            "with numpy.savez from arrays of numbers."
        ) from error  # fmt: skip

    def read(part: str) -> Samples:
        single = arrays.get(f"{part}_inputs")
        prefix = f"{part}_inputs_"
        several = {
            key.removeprefix(prefix): _tensor(array)
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
        inputs: Inputs = several if single is None else _tensor(single)
        return Samples(inputs, None if targets is None else _labels(targets))

    return _three(read)


def _from_function(text: str) -> Splits:
    """The function returns split → (inputs, targets), or split → inputs without labels.

    A pair counts as inputs and targets; inputs alone are a tensor, a dict or ``(inputs, None)``.
    """
    try:
        made = find_function("data", text)()
    except PrunescopeError:
        raise
    except Exception as error:
        raise BadReference(
            f"Expected {text} to return the splits when called without arguments, but it raised "
            f"{type(error).__name__}: {error}. Give its arguments defaults."
        ) from error
    if isinstance(made, Splits):
        return made
    if not isinstance(made, Mapping) or not all(name in made for name in SPLITS):
        raise BadValue(
            f"Expected {text} to return a dict with calibration, validation and test, each "
            f"(inputs, targets), but got {type(made).__name__}. Return such a dict."
        )

    def read(part: str) -> Samples:
        given = made[part]
        pair = isinstance(given, tuple | list) and len(given) == 2
        inputs, targets = given if pair else (given, None)
        plain = pytree.tree_map(lambda a: _tensor(a) if isinstance(a, np.ndarray) else a, inputs)
        return Samples(plain, None if targets is None else _labels(targets))

    return _three(read)


def _image_folder(folder: Path, model: str, options: dict[str, int]) -> Splits:
    """Folders calibration|train, validation|val, test inside, or one tree that is cut in three."""
    from torchvision.datasets import ImageFolder

    if not folder.is_dir():
        raise BadReference(f"Expected a folder of images at {folder}, but there is none.")
    transform = _transform(model, options["size"])
    names = {"calibration": ("calibration", "train"), "validation": ("validation", "val"),
             "test": ("test",)}  # fmt: skip
    found = {
        part: next((folder / n for n in names[part] if (folder / n).is_dir()), None)
        for part in SPLITS
    }
    try:
        if found["calibration"] and found["validation"]:
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

    return _three(read, tuple(trees["validation"].classes))


def _image(file: str, load: Callable[[str], Any], transform: Callable[[Any], Tensor]) -> Tensor:
    try:
        return transform(load(file))
    except Exception as error:  # a broken image, or the user's preprocessing
        raise DataMismatch(
            f"Expected {file} to be an image that preprocessing can read, but it raised "
            f"{type(error).__name__}: {error}. Replace the file or mend the preprocessing."
        ) from error


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
    """The model's preprocessing: torchvision's, the function's ``preprocess``, or ImageNet's."""
    from torchvision.transforms import v2

    if model.startswith("torchvision:"):
        found: Callable[[Any], Tensor] = torchvision_transform(model.removeprefix("torchvision:"))
        return found
    if is_function(model):
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


def _three(read: Callable[[str], Samples], classes: tuple[str, ...] = ()) -> Splits:
    calibration, validation, test = map(read, SPLITS)
    return Splits(calibration, validation, test, classes)


def _tensor(array: Any) -> Tensor:
    try:
        tensor = torch.from_numpy(np.array(array))
    except TypeError as error:
        raise DataMismatch(
            f"Expected arrays of numbers, but got {np.asarray(array).dtype}. Convert them to "
            "float32 or int64."
        ) from error
    return tensor.float() if tensor.dtype == torch.float64 else tensor


def _labels(targets: Any) -> Tensor:
    """Targets as int64 or float32; a column ``(n, 1)`` of labels is ``(n,)``."""
    try:
        tensor = targets if isinstance(targets, Tensor) else torch.from_numpy(np.array(targets))
    except (TypeError, ValueError) as error:
        raise DataMismatch(
            f"Expected targets as a tensor or an array of numbers, but got "
            f"{type(targets).__name__}. Convert them to int64 class labels."
        ) from error
    if tensor.is_floating_point():
        return tensor.float()
    return (tensor.flatten() if tensor.ndim == 2 and tensor.shape[1] == 1 else tensor).long()


def _check(name: str, samples: Samples, source: str) -> None:
    leaves = [x for x in pytree.tree_leaves(samples.inputs) if isinstance(x, Tensor)]
    if not leaves:
        raise DataMismatch(
            f"Expected the {name} inputs of {source} to hold tensors, but there are none. "
            "Return a tensor, a tuple or a dict of tensors."
        )
    counts = {int(leaf.shape[0]) if leaf.ndim else 0 for leaf in leaves}
    targets = samples.targets
    if targets is not None:
        counts.add(len(targets))
    if len(counts) > 1:
        raise DataMismatch(
            f"Expected the {name} split of {source} to have as many targets as inputs, but the "
            f"lengths are {', '.join(map(str, sorted(counts)))}. Make them equal."
        )
    if counts == {0}:
        raise DataMismatch(
            f"Expected samples in the {name} split of {source}, but it is empty. Add some."
        )
    for leaf in itertools.chain(leaves, [] if targets is None else [targets]):
        if leaf.is_floating_point() and not bool(torch.isfinite(leaf).all()):
            raise DataMismatch(
                f"Expected finite numbers in the {name} split of {source}, but some are NaN or "
                "infinite. Clean the data."
            )
