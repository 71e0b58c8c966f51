"""``hf:ID`` or ``hf:FOLDER``: a dataset of Hugging Face's datasets, from the Hub or a folder."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Final

from prunescope.data_kinds.kind import DataKind, Parts, Preprocess
from prunescope.data_kinds.large_samples import stacked
from prunescope.data_kinds.options import COUNTS, Options
from prunescope.data_kinds.pictures import OPTIONS, picture_transform
from prunescope.errors import BadReference, DataMismatch, UnknownName
from prunescope.model_kinds.downloads import downloading

_SPLITS: Final = {
    "calibration": ("train",), "validation": ("validation", "valid", "val", "test"),
    "test": ("test",),
}  # fmt: skip
_INPUTS: Final = ("image", "img", "pixel_values", "input_ids", "inputs", "x")
_TARGETS: Final = ("label", "labels", "fine_label", "target", "y")


class HuggingFace(DataKind):
    """A column of inputs and one of targets; from the Hub the first rows alone are streamed.

    A column of pictures goes through preprocessing; others hold numbers, equally many in each row.
    ``argument`` names the model's argument, so that inputs are a dict. Code that comes with a
    dataset is never run.
    """

    name = "hf"
    form = "hf:DATASET-OR-FOLDER"
    options: ClassVar[Mapping[str, int | str]] = {
        **COUNTS, **OPTIONS, "config": "", "input": "", "target": "", "argument": "", "seed": 0,
    }  # fmt: skip
    packages = ("datasets",)
    rank = 4

    def load(self, name: str, options: Options, preprocess: Preprocess | None) -> Parts:
        """Return rows of the dataset's splits; of a folder they are drawn by ``seed``."""
        self.require_packages(f"hf:{name}")
        parts = _opened(name, options.text("config"))
        chosen = _chosen(name, parts)
        first = parts[chosen["calibration"]]
        column = _column(name, first, options.text("input"), _INPUTS, "input")
        target = _column(name, first, options.text("target"), _TARGETS, "target")
        transform = picture_transform(options, preprocess)
        shared = chosen["validation"] == chosen["test"]
        splits = {}
        for part in ("calibration", "validation"):
            both = shared and part == "validation"
            count = options.count(part) + (options.count("test") if both else 0)
            rows = _rows(parts[chosen[part]], count, options.count("seed"))
            splits[part] = _tensors(name, rows, column, target, transform)
        if shared:
            splits["validation"], splits["test"] = _halves(splits["validation"], options)
        else:
            rows = _rows(parts[chosen["test"]], options.count("test"), options.count("seed"))
            splits["test"] = _tensors(name, rows, column, target, transform)
        argument = options.text("argument")
        named = {
            part: ({argument: inputs} if argument else inputs, targets)
            for part, (inputs, targets) in splits.items()
        }
        labels = getattr((first.features or {}).get(target), "names", None)
        return Parts(named, tuple(labels or ()))

    def path(self, name: str) -> Path | None:
        """Return the folder, where there is one."""
        return Path(name) if Path(name).is_dir() else None


def _opened(name: str, config: str) -> Any:
    import datasets  # type: ignore[import-untyped,unused-ignore]

    folder = Path(name or "?")
    is_path = name.count("/") > 1 or name.startswith((".", "/", "~")) or not name
    if is_path and not folder.is_dir():
        raise BadReference(
            f"Expected {name!r} to be a folder or an id of the Hub such as ylecun/mnist, but there "
            "is no such folder. Check the path."
        )
    place = f"the folder {name}" if folder.is_dir() else "huggingface.co"
    with downloading(f"the dataset {name}", place, weights=False):
        saved = (folder / "dataset_dict.json").is_file() or (folder / "state.json").is_file()
        if saved:
            opened = datasets.load_from_disk(name)
        else:
            opened = datasets.load_dataset(name, config or None, streaming=not folder.is_dir())
    return opened if isinstance(opened, dict) else {"train": opened}


def _chosen(name: str, parts: Any) -> dict[str, str]:
    """Which split of the dataset each of ours is read from."""
    chosen = {part: next((n for n in names if n in parts), None) for part, names in _SPLITS.items()}
    if chosen["calibration"] is None or chosen["validation"] is None:
        raise DataMismatch(
            f"Expected {name} to have a split train and one of validation or test, but it has "
            f"{', '.join(map(str, parts))}. Save a DatasetDict with these names."
        )
    validation = chosen["validation"]
    return {"calibration": "train", "validation": validation, "test": chosen["test"] or validation}


def _column(name: str, rows: Any, asked: str, usual: tuple[str, ...], what: str) -> str:
    there = list(rows.column_names or ())
    if asked:
        if asked not in there:
            raise UnknownName.among(f"column of {name}", asked, there)
        return asked
    found = next((column for column in usual if column in there), None)
    if found is None:
        raise DataMismatch(
            f"Expected {name} to have a column of {what}s called {', '.join(usual)}, but its "
            f"columns are {', '.join(there)}. Name it: ?{what}=COLUMN."
        )
    return found


def _rows(rows: Any, count: int, seed: int) -> list[Any]:
    if hasattr(rows, "select"):  # all of it is on this machine
        shuffled = rows.shuffle(seed=seed, keep_in_memory=True)
        return list(shuffled.select(range(min(count, len(rows)))))
    return list(itertools.islice(rows, count))


def _tensors(
    name: str, rows: list[Any], column: str, target: str, transform: Any
) -> tuple[Any, Any]:
    """Inputs and targets, stacked."""
    import torch
    from PIL.Image import Image

    if not rows:
        raise DataMismatch(f"Expected rows in every split of {name}, but one is empty. Fill it.")
    try:
        inputs = (
            stacked((transform(row[column]) for row in rows), len(rows))
            if isinstance(rows[0][column], Image)
            else torch.tensor([row[column] for row in rows])
        )
        return inputs, torch.tensor([row[target] for row in rows])
    except (TypeError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0][:160].rstrip(".")
        raise DataMismatch(
            f"Expected columns {column} and {target} of {name} to hold pictures or equally many "
            f"numbers in each row, but got: {reason}. Tokenize or pad it with map() and save it."
        ) from error


def _halves(both: tuple[Any, Any], options: Options) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """Validation and test out of one split, in the proportion that is asked for."""
    inputs, targets = both
    asked = options.count("validation"), options.count("test")
    cut = min(asked[0], len(targets) * asked[0] // sum(asked))
    return (inputs[:cut], targets[:cut]), (inputs[cut:], targets[cut:])


KIND: Final = HuggingFace()
