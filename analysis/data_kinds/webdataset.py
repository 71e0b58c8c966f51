"""``webdataset:DIR``: shards, tar files whose members ``key.ending`` of one key are one sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np

from prunescope.data_kinds.cut_rows import cut_rows
from prunescope.data_kinds.kind import DataKind, Parts, Preprocess
from prunescope.data_kinds.large_samples import UnlikeSamples, stacked
from prunescope.data_kinds.options import COUNTS, Options
from prunescope.data_kinds.pictures import OPTIONS, picture_transform
from prunescope.errors import BadReference, DataMismatch

if TYPE_CHECKING:
    from prunescope.data_kinds.tar_shards import Member, Shards

_NAMES: Final = {"calibration": ("calibration", "train"), "validation": ("validation", "val"),
                 "test": ("test",)}  # fmt: skip
_INPUTS: Final = ("jpg", "jpeg", "png", "webp", "ppm", "pgm", "bmp", "npy")
_TARGETS: Final = ("cls", "json", "npy", "txt")


class WebDataset(DataKind):
    """Shards called ``train-….tar``, ``val-….tar`` and ``test-….tar``, or others that are cut.

    Pictures go through preprocessing; ``npy`` are arrays, ``cls`` and ``txt`` whole numbers, and of
    ``json`` the ``field`` is taken. Nothing is unpickled, and nothing is unpacked to the disk.
    """

    name = "webdataset"
    form = "webdataset:DIR-OR-TAR"
    options: ClassVar[Mapping[str, int | str]] = {
        **COUNTS, **OPTIONS, "input": "", "target": "", "field": "label", "seed": 0,
        "stratified": "",
    }  # fmt: skip
    rank = 5

    def load(self, name: str, options: Options, preprocess: Preprocess | None) -> Parts:
        """Return samples of the shards, drawn by ``seed``.

        Raises:
            BadReference: There are no shards.
            DataMismatch: Members are missing, or no pictures, arrays or labels.
        """
        from prunescope.data_kinds.tar_shards import Shards

        place = Path(name)
        files = [place] if place.is_file() else sorted(place.glob("*.tar"))
        if not files:
            raise BadReference(
                f"Expected shards, files called something.tar, in {name}, but there are none. "
                "Check the path."
            )
        transform = picture_transform(options, preprocess)
        field = options.text("field")
        with Shards(transform, field) as shards:
            groups = {part: _of_split(files, names) for part, names in _NAMES.items()}
            if groups["calibration"] and groups["validation"]:
                drawn = {
                    part: _shuffled(shards.samples(paths), options.count("seed"))
                    for part, paths in groups.items()
                    if paths
                }
            else:
                drawn = {"all": shards.samples(files)}
            first = next(iter(drawn["calibration" if "calibration" in drawn else "all"]))
            read = _Reader(
                shards,
                _ending(name, first, options.text("input"), _INPUTS, "input"),
                _ending(name, first, options.text("target"), _TARGETS, "target"),
            )
            if "all" in drawn:
                drawn = _cut(read, drawn["all"], options)
            elif "test" not in drawn:  # half of validation is held back
                drawn["validation"] = drawn["validation"][: 2 * options.count("validation")]
                half = len(drawn["validation"]) // 2
                drawn["test"] = drawn["validation"][half:]
                drawn["validation"] = drawn["validation"][:half]
            return Parts(
                {part: read.pair(drawn[part][: options.count(part)], part, name) for part in COUNTS}
            )

    def path(self, name: str) -> Path:
        """Return the folder, or the one shard."""
        return Path(name)


class _Reader:
    """Reads inputs and targets of samples."""

    def __init__(self, shards: Shards, inputs: str, targets: str) -> None:
        self._shards, self._inputs, self._targets = shards, inputs, targets

    def pair(
        self, samples: Sequence[Mapping[str, Member]], part: str, name: str
    ) -> tuple[Any, Any]:
        """Inputs and targets, stacked."""
        if not samples:
            raise DataMismatch(
                f"Expected samples for {part} in {name}, but there are none. Add some."
            )
        read = {
            "inputs": (self._shards.read(sample, self._inputs) for sample in samples),
            "targets": (self.target(sample) for sample in samples),
        }
        parts = {}
        for what, values in read.items():
            try:
                parts[what] = stacked(values, len(samples))
            except UnlikeSamples as error:
                raise DataMismatch(
                    f"Expected {what} of one shape in {name}, but got "
                    f"{' and '.join(map(str, error.shapes))}. Add ?size=, or store one shape."
                ) from error
        return parts["inputs"], parts["targets"]

    def target(self, sample: Mapping[str, Member]) -> Any:
        """The target of one sample."""
        return self._shards.read(sample, self._targets)


def _of_split(files: list[Path], names: tuple[str, ...]) -> list[Path]:
    """The shards of one split, told by how their names begin."""
    return [path for path in files if path.name.startswith(names)]


def _ending(
    name: str, sample: Mapping[str, Member], asked: str, usual: tuple[str, ...], what: str
) -> str:
    taken = asked or next((ending for ending in usual if ending in sample), "")
    if what == "target" and not asked and taken == "npy" and not set(_INPUTS[:-1]) & set(sample):
        taken = ""  # the arrays are the inputs
    if taken not in sample:
        raise DataMismatch(
            f"Expected {what}s in {name} with the ending {asked or ' or '.join(usual)}, but the "
            f"first sample has {', '.join(sorted(sample))}. Name another: ?{what}=ENDING."
        )
    return taken


def _cut(
    read: _Reader, samples: list[Mapping[str, Member]], options: Options
) -> dict[str, list[Mapping[str, Member]]]:
    """One set of samples in three; targets are read first where classes shall be spread."""
    spread = options.text("stratified") == "yes"
    labels = np.array([int(read.target(s)) for s in samples] if spread else [0] * len(samples))
    return {
        part: [samples[int(row)] for row in rows]
        for part, rows in cut_rows(labels, options).items()
    }


def _shuffled(samples: list[Any], seed: int) -> list[Any]:
    return [samples[int(row)] for row in np.random.default_rng(seed).permutation(len(samples))]


KIND: Final = WebDataset()
