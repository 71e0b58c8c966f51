"""Data whose arrays lie about themselves, do not fit each other, or do not fit the model."""

import io
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from tests.analysis.fence.test_containers import header
from tests.faults.bad_input import BadInput

Arrays = dict[str, Any]

MEMBERS: Final = {
    "four terabytes": header("'<f4'", "(1000000, 1000000)"),
    "more than it holds": header("'<f4'", "(3,)") + b"12345678",
    "objects": header("'|O'", "(1,)") + b"x" * 8,
    "records": header("[('a', '<f4')]", "(1,)") + b"x" * 4,
    "dates": header("'<M8[s]'", "(1,)") + b"x" * 8,
    "a size below 0": header("'<f4'", "(-1,)"),
    "a header that calls": header("'<f4'", "__import__('os').mkdir('it-ran')"),
    "a header of brackets": header("'<f4'", "(" * 2000 + ")" * 2000),
    "a header of gigabytes": b"\x93NUMPY\x02\x00" + struct.pack("<I", 1 << 31),
    "no array": b"\x80\x04\x95",
}

CHANGES: Final[dict[str, Callable[[Arrays], object]]] = {
    "no test split": lambda a: [a.pop("test_inputs"), a.pop("test_targets")],
    "no inputs": lambda a: a.pop("validation_inputs"),
    "no targets": lambda a: a.pop("validation_targets"),
    "no arrays": lambda a: a.clear(),
    "fewer targets": lambda a: a.update(validation_targets=a["validation_targets"][:3]),
    "one input": lambda a: a.update(validation_inputs=a["validation_inputs"][0]),
    "nothing inside": lambda a: a.update(
        validation_inputs=np.zeros((0, 1, 6, 6), np.float32), validation_targets=np.zeros(0, int)
    ),
    "NaN": lambda a: a["validation_inputs"].fill(np.nan),
    "infinity": lambda a: a["calibration_inputs"].fill(np.inf),
    "four classes": lambda a: a.update(validation_targets=np.arange(60) % 4),
    "a class below 0": lambda a: a.update(validation_targets=np.full(60, -1)),
    "halves as targets": lambda a: a.update(validation_targets=np.full(60, 0.5)),
    "words as targets": lambda a: a.update(validation_targets=np.array(["a"] * 60)),
    "words as inputs": lambda a: a.update(validation_inputs=np.array(["a"] * 60)),
    "complex inputs": lambda a: a.update(validation_inputs=a["validation_inputs"] * 1j),
    "another size": lambda a: a.update(validation_inputs=np.zeros((60, 1, 7, 7), np.float32)),
    "more channels": lambda a: a.update(validation_inputs=np.zeros((60, 3, 6, 6), np.float32)),
    "two names of one": lambda a: a.update(validation_inputs_a=a["validation_inputs"]),
    "an unknown name": lambda a: a.update(validation_input=a.pop("validation_inputs")),
    "whole numbers as inputs": lambda a: a.update(
        {name: a[name].astype(np.int64) for name in list(a) if name.endswith("inputs")}
    ),
}  # fmt: skip

LINE: Final = ("sweep", "net.pt2", "--data", "data.npz", "--study", "new")


def inputs() -> Iterator[BadInput]:
    """Yield the workplace's arrays with each of the changes."""
    for name, content in MEMBERS.items():
        yield BadInput(
            "arrays", f"an array of {name}", LINE,
            prepare=lambda folder, content=content: _member(folder / "data.npz", content),
        )  # fmt: skip
    for name, change in CHANGES.items():
        yield BadInput(
            "arrays", name, LINE,
            prepare=lambda folder, change=change: changed(folder / "data.npz", change),
        )  # fmt: skip


def changed(path: Path, change: Callable[[Arrays], object]) -> None:
    """Write the arrays of ``path`` again, with a change."""
    with np.load(path) as opened:
        arrays = {name: opened[name] for name in opened.files}
    change(arrays)
    np.savez(path, **arrays)


def _member(path: Path, content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as old:
        members = {name: old.read(name) for name in old.namelist()}
    members["validation_inputs.npy"] = content
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, inside in members.items():
            archive.writestr(name, inside)
