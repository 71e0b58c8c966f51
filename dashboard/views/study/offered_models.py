"""What a page may begin a study from: samples, models by name, and the owner's folder.

What a visitor types is never looked for on the disk and never run: it is on the list or refused.
Python files of the folder are read for their functions, not imported. No Streamlit.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prunescope.errors import BadReference
from prunescope.model_kinds.registry import REGISTRY, kind_of
from prunescope.model_kinds.sample_studies import DATA_SETS, MODELS

SAMPLES: Final = ("sample:lenet5", *(name for name in MODELS if name != "sample:lenet5"))
METRICS: Final = ("top-1", "top-5", "agreement", "perplexity", "miou", "map")
_IMAGES: Final = "imagefolder:"
_SAVED: Final = "hf:"
_MOST_FILES: Final = 300
_MOST_BYTES: Final = 1_000_000
_MOST_SHOWN: Final = 12


@dataclass(frozen=True)
class Offer:
    """What may be named, as it is shown; files relative to the owner's folder.

    Attributes:
        folder: The owner's, if one was named.
        models: Samples, functions without required arguments, exported programs.
        data: Samples, arrays, folders of images, functions without required arguments.
        metrics: By name, and functions of outputs and targets.
        weights: Files of tensors.
    """

    folder: Path | None = None
    models: tuple[str, ...] = SAMPLES
    data: tuple[str, ...] = DATA_SETS
    metrics: tuple[str, ...] = METRICS
    weights: tuple[str, ...] = ()

    def model(self, text: str) -> str:
        """Return the reference that ``text`` stands for; any name of a kind of models is one."""
        named = kind_of(text)
        if named is not None and named[0].is_name(named[1]):
            return text
        return self._placed("model", text, self.models)

    def datum(self, text: str) -> str:
        """Return the data that ``text`` stands for."""
        return self._placed("data", text, self.data)

    def metric(self, text: str) -> str:
        """Return the metric that ``text`` stands for."""
        return self._placed("metric", text, self.metrics)

    def weight(self, text: str) -> str:
        """Return the file of weights that ``text`` stands for."""
        return self._placed("weights", text, self.weights)

    def _placed(self, what: str, text: str, allowed: tuple[str, ...]) -> str:
        """The reference of an offered name.

        Raises:
            BadReference: It is not offered, whether or not there is such a thing on the disk.
        """
        if text not in allowed:
            shown = ", ".join(allowed[:_MOST_SHOWN]) or "nothing"
            raise BadReference(
                f"Expected {what} to be one that is offered here ({shown}), but got {text[:80]!r}. "
                + ("Ask the owner to put it into the folder of --models, " if self.folder else
                   "The owner can offer a folder with --models, ")
                + "or begin the study on the command line."
            )  # fmt: skip
        if self.folder is None or text in (*SAMPLES, *DATA_SETS, *METRICS):
            return text
        for prefix in (_IMAGES, _SAVED):
            if text.startswith(prefix):
                return f"{prefix}{self.folder / text.removeprefix(prefix)}"
        return str(self.folder / text)


def typed_forms() -> str:
    """Return the forms of names that may be typed, besides what is listed."""
    return ", ".join(kind.form for kind in REGISTRY.all() if kind.is_name("resnet18"))


def offer(folder: Path | None) -> Offer:
    """Return what may be named where the owner offers ``folder``; imports nothing."""
    if folder is None or not folder.is_dir():
        return Offer()
    folder = folder.resolve()
    files = list(_files(folder))
    names = {path: path.relative_to(folder).as_posix() for path in files}
    builders, metrics = [], []
    for path in files:
        if path.suffix == ".py":
            for function, required in _functions(path):
                reference = f"{names[path]}:{function}"
                if required == 0:
                    builders.append(reference)
                elif required == 2:
                    metrics.append(reference)
    ending = {
        suffix: tuple(names[path] for path in files if path.suffix == suffix)
        for suffix in (".pt2", ".npz", ".safetensors")
    }
    images = tuple(f"{_IMAGES}{path.name}" for path in _image_folders(folder))
    return Offer(
        folder,
        (*SAMPLES, *builders, *ending[".pt2"], *_saved_folders(files, folder)),
        (*DATA_SETS, *ending[".npz"], *images, *builders),
        (*METRICS, *metrics),
        ending[".safetensors"],
    )


def _files(folder: Path) -> Iterator[Path]:
    """Files in ``folder`` and the folders in it, none that a link leads out to."""
    found = sorted([*folder.glob("*"), *folder.glob("*/*")])
    for path in found[:_MOST_FILES]:
        hidden = any(part.startswith((".", "__")) for part in path.relative_to(folder).parts)
        if path.is_file() and not hidden and path.resolve().is_relative_to(folder):
            yield path


def _image_folders(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir())[:_MOST_FILES]:
        inside = path.is_dir() and path.resolve().is_relative_to(folder)
        if inside and not path.name.startswith((".", "__")) and any(
            child.is_dir() and not child.name.startswith((".", "__")) for child in path.iterdir()
        ):  # fmt: skip
            yield path


def _saved_folders(files: list[Path], folder: Path) -> Iterator[str]:
    """Folders with a model of transformers in it, as they are named."""
    for path in files:
        if path.name == "config.json" and any(path.parent.glob("*.safetensors")):
            yield f"{_SAVED}{path.parent.relative_to(folder).as_posix()}"


def _functions(path: Path) -> Iterator[tuple[str, int]]:
    """The public functions of a Python file and how many arguments each requires."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            return
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            arguments = node.args
            plain = len(arguments.posonlyargs) + len(arguments.args) - len(arguments.defaults)
            yield node.name, plain + sum(value is None for value in arguments.kw_defaults)
