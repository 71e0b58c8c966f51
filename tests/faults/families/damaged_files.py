"""A real file of every format, cut, emptied, overwritten, or with another format's content."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from tests.faults.bad_input import BadInput

FORMATS: Final = {
    "net.pt2": "sweep net.pt2 --data data.npz --study new",
    "data.npz": "sweep net.pt2 --data data.npz --study new",
    "weights.safetensors": (
        "sweep tiny.py:build --data data.npz --weights weights.safetensors --study new"
    ),
    "weights.pt": "sweep tiny.py:build --data data.npz --weights weights.pt --study new",
    "table.parquet": "time study --import-table table.parquet",
    "plan.json": "verify study plan.json",
    "study/study.json": "show study",
    "study/plans/half.json": "verify study half",
}
"""File, and the command that opens it."""

TABLES: Final = ("measurements", "logits", "verifications", "latency")
"""Folders of a study with parquet files that the study can do without."""


def _cut(share: float) -> Callable[[bytes], bytes]:
    return lambda content: content[: int(share * len(content))]


def _overwritten(place: float, with_: bytes) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        at = int(place * (len(content) - len(with_)))
        return content[:at] + with_ + content[at + len(with_) :]

    return change


DAMAGES: Final[dict[str, Callable[[bytes], bytes]]] = {
    "empty": _cut(0.0),
    "one byte": lambda content: content[:1],
    "a tenth": _cut(0.1),
    "half": _cut(0.5),
    "nine tenths": _cut(0.9),
    "without its end": lambda content: content[:-10],
    "without its beginning": lambda content: content[10:],
    "zeros in front": _overwritten(0.0, b"\0" * 16),
    "ones in front": _overwritten(0.0, b"\xff" * 16),
    "zeros at the end": _overwritten(1.0, b"\0" * 24),
    "all zeros": lambda content: b"\0" * len(content),
    "all text": lambda content: b"not at all " * 100,
    "a megabyte of brackets": lambda content: b"[" * (1 << 20),
    "random": lambda content: os.urandom(len(content)),
}


def inputs() -> Iterator[BadInput]:
    """Yield every format with every damage, and with the content of every other format."""
    for name, line in FORMATS.items():
        for damage, change in DAMAGES.items():
            if (name, damage) == ("weights.safetensors", "zeros at the end"):
                continue  # six weights of 0 are weights
            yield BadInput(
                "damaged files", f"{name}: {damage}", tuple(line.split()),
                prepare=lambda folder, name=name, change=change: _change(folder / name, change),
            )  # fmt: skip
        for other in FORMATS:
            if Path(other).suffix != Path(name).suffix:
                yield BadInput(
                    "damaged files", f"{name}: is {other}", tuple(line.split()),
                    prepare=lambda folder, name=name, other=other: _replace(folder, name, other),
                )  # fmt: skip
    for table in TABLES:
        line = (
            "time study --budget 0.3 --runtime torch --json" if table == "latency"
            else "calibrate study --plans 2"
        )  # fmt: skip
        if table == "measurements":
            line = "show study"
        for damage, change in DAMAGES.items():
            yield BadInput(
                "damaged files", f"study/{table}: {damage}", tuple(line.split()), aside=True,
                prepare=lambda folder, table=table, change=change: _each(folder, table, change),
            )  # fmt: skip


def _change(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(change(path.read_bytes()))


def _replace(folder: Path, name: str, other: str) -> None:
    (folder / name).write_bytes((folder / other).read_bytes())


def _each(folder: Path, table: str, change: Callable[[bytes], bytes]) -> None:
    for path in (folder / "study" / table).glob("*.parquet"):
        if path.name != "targets.parquet":
            _change(path, change)
