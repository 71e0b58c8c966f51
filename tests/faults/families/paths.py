"""Every place where a path is given, with what lies there, or does not."""

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from tests.faults.bad_input import BadInput, nothing

Make = Callable[[Path], object]

READ: Final = {
    "inspect's model": ("x.pt2", "inspect PATH --shape 1,6,6"),
    "inspect's file": ("x.py", "inspect PATH:build --shape 1,6,6"),
    "a model": ("x.pt2", "sweep PATH --data data.npz --study new"),
    "arrays": ("x.npz", "sweep net.pt2 --data PATH --study new"),
    "images": ("x", "sweep net.pt2 --data imagefolder:PATH --study new"),
    "data's file": ("x.py", "sweep net.pt2 --data PATH:splits --study new"),
    "a metric": ("x.py", "sweep net.pt2 --data data.npz --metric PATH:metric --study new"),
    "a criterion": ("x.py", "sweep --study study --methods PATH:score --sparsities 0.5"),
    "safetensors": (
        "x.safetensors", "sweep tiny.py:build --data data.npz --weights PATH --study new"
    ),
    "a state dict": ("x.pt", "sweep tiny.py:build --data data.npz --weights PATH --study new"),
    "a study": ("x", "show PATH"),
    "a study to plan": ("x", "plan PATH --target macs=0.7"),
    "a study to calibrate": ("x", "calibrate PATH"),
    "a study to trust": ("x", "trust PATH --yes"),
    "a study with jobs": ("x", "jobs PATH cancel"),
    "a plan to verify": ("x.json", "verify study PATH"),
    "a plan to train": ("x.json", "finetune study PATH"),
    "a plan to export": ("x.json", "export study PATH"),
    "a table": ("x.parquet", "time study --import-table PATH"),
    "offered models": ("x", "dashboard . --no-browser --models PATH"),
}  # fmt: skip
"""Place, the file's name, and the line in which it stands."""

WRITTEN: Final = {
    "a plan": ("x.json", "plan study --target macs=0.7 -o PATH"),
    "an export": ("x", "export study half --formats safetensors -o PATH"),
    "a timing table": ("x.parquet", "time study --export-table PATH"),
    "a study": ("x", "sweep net.pt2 --data data.npz --sparsities 0.5 --study PATH"),
}


def _folder(path: Path) -> None:
    path.mkdir()
    (path / "mine.txt").write_text("mine")


def _text(path: Path) -> None:
    path.write_text("This is no such file.\n" * 40)


def _picture(path: Path) -> None:
    path.write_bytes((path.parent / "images" / "val" / "a" / "0.png").read_bytes())


def _dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _socket(path: Path) -> None:
    here = os.getcwd()
    os.chdir(path.parent)  # a socket's path may have a hundred letters
    try:
        with socket.socket(socket.AF_UNIX) as opened:
            opened.bind(path.name)
    finally:
        os.chdir(here)


def _own(path: Path) -> None:
    path.write_bytes((path.parent / "net.pt2").read_bytes())


LYING: Final[dict[str, Make]] = {
    "nothing": nothing, "a folder": _folder, "text": _text, "a picture": _picture,
    "a dangling link": _dangling, "a pipe": _pipe,
    "an endless device": _endless, "a socket": _socket,
}  # fmt: skip

WORDS: Final = {
    "300 letters": "x" * 300, "too many folders": "y/" * 2200, "no letters": "",
    "below a file": "data.npz/x",
}  # fmt: skip

_FITS: Final = {("images", "a folder")}
_GOOD_TO_WRITE: Final = {"nothing"}


def inputs() -> Iterator[BadInput]:
    """Yield every place with everything that may lie there, and with words that are no path."""
    for place, (name, line) in READ.items():
        for what, make in LYING.items():
            if place == "offered models" and what == "a folder":
                continue
            yield BadInput(
                "paths", f"{place} is {what}", tuple(line.replace("PATH", name).split()),
                prepare=lambda folder, make=make, name=name: make(folder / name),
            )  # fmt: skip
        for what, word in WORDS.items():
            yield BadInput("paths", f"{place} is {what}", _typed(line, word))
    for place, (name, line) in WRITTEN.items():
        for what, make in LYING.items():
            if what == "nothing" or (place == "an export" and what == "an endless device"):
                continue
            if place == "a study" and what == "a folder":  # a study may be made in one
                continue
            yield BadInput(
                "overwriting", f"{place} where {what} is", _typed(line, name),
                prepare=lambda folder, make=make, name=name: make(folder / name),
            )  # fmt: skip
        for what, word in (WORDS | _TAKEN).items():
            if (place, what) == ("a study", "the study's folder"):
                continue
            yield BadInput("overwriting", f"{place} to {what}", _typed(line, word))


_TAKEN: Final = {
    "the data": "data.npz", "the model": "net.pt2", "the study's folder": "study",
    "the study's manifest": "study/study.json", "the study's curves": "study/measurements/x",
}  # fmt: skip


def _typed(line: str, word: str) -> tuple[str, ...]:
    return tuple(part.replace("PATH", word) for part in line.split())
