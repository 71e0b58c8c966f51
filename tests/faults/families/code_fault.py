"""A fault in user code, the file that has it, and the command that meets it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from tests.conftest import TINY
from tests.faults.bad_input import LIMIT, BadInput

Part = Literal["build", "forward", "splits", "metric", "criterion", "file"]
SWEEP: Final = ("sweep", "mine.py:build", "--data", "mine.py:splits", "--study", "new")
HEAD: Final = "import asyncio, os, sys, threading, time, warnings\nimport numpy as np\n"
"""Imported before the code of every entry."""


@dataclass(frozen=True)
class Fault:
    """One bad input.

    Attributes:
        part: Which function of the file it replaces; ``file`` for statements at the top level.
        name: What is wrong.
        body: The function's body, or the statements.
        says: What the sentence contains.
        placed: Whether the sentence names the line of the file.
        patience: The limit, where it hangs.
    """

    part: Part
    name: str
    body: str
    says: str
    placed: bool = True
    patience: str = ""

    def __str__(self) -> str:
        return f"{self.part}: {self.name}"


def source(working: str, fault: Fault) -> str:
    """Return the ``working`` file with ``fault`` in it."""
    text = f"{HEAD}{working}\nPARTS = ('calibration', 'validation', 'test')\nbuild_net = build\n"
    if fault.part == "file":
        return f"{text}{fault.body}\n"
    parameters = {
        "build": "", "splits": "", "forward": "self, x", "metric": "outputs, targets",
        "criterion": "evidence",
    }[fault.part]  # fmt: skip
    text += f"\n\ndef {fault.part}({parameters}):\n    {fault.body}\n"
    return text + ("\n\nTiny.forward = forward\n" if fault.part == "forward" else "")


def of_code(family: str, name: str, fault: Fault) -> BadInput:
    """Return the input of a sweep of the file with ``fault`` in it."""
    line = [*SWEEP, "--sparsities", "0.5"]
    if fault.part in ("metric", "criterion"):
        line += ["--metric" if fault.part == "metric" else "--methods", f"mine.py:{fault.part}"]
    patience = {"PRUNESCOPE_PATIENCE": fault.patience} if fault.patience else {}
    return BadInput(
        family, name, tuple(line), fault.says, lambda folder: _write(folder, fault),
        LIMIT, environment=patience, line_from=len(TINY.splitlines()) + 1 if fault.placed else 0,
    )  # fmt: skip


def _write(folder: Path, fault: Fault) -> None:
    text = (folder / "tiny.py").read_text()
    (folder / "mine.py").write_text(source(text, fault))
