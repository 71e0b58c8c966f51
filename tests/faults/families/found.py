"""What this suite itself found, each before its mend a traceback, a silence or no end."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.faults.bad_input import BadInput
from tests.faults.families.bad_arrays import changed
from tests.faults.families.forged_studies import MANIFESTS, edited

LONG: Final = "x" * 300
MORE: Final = "sweep --study study --sparsities 0.5 "
NEW: Final = "sweep net.pt2 --data data.npz --study new "

LINES: Final = (
    ("--force without a plan's file", "plan study --target macs=0.7 --force", "with --output"),
    ("--force without a table's file", "time study --force", "with --export-table"),
    ("--force with a plan to time", "time study half --force", "with --export-table"),
    ("a multiple of 1e30 units", MORE + f"--round {10**30}", "from 1 to 1024"),
    ("1e30 epochs", f"finetune study half --epochs {10**30}", "at most 100,000"),
    ("a batch of 1e30", f"finetune study half --batch {10**30}", "at most"),
    ("an unknown granularity", MORE + "--granularity chanel", "'chanel'. Closest: channel"),
    ("heads where channels are", MORE + "--methods l1@head", "Use weight granularity"),
    ("a lock of an unknown layer", "plan study --target macs=0.7 --lock konv=0.5", "Closest: conv"),
    ("data of 300 letters", f"sweep net.pt2 --data {LONG}.py:splits --study new", "240 bytes"),
    ("images of 300 letters", f"sweep net.pt2 --data imagefolder:{LONG} --study new", "240 bytes"),
    ("a metric of 300 letters", NEW + f"--metric {LONG}.py:metric", "240 bytes"),
    ("a criterion of 300 letters", MORE + f"--methods {LONG}.py:score", "240 bytes"),
    ("weights of 300 letters", NEW + f"--weights {LONG}", "240 bytes"),
    ("weights of no letters", NEW + "--weights ", "to be a path, but got ''"),
    ("models of 300 letters", f"dashboard . --no-browser --models {LONG}", "240 bytes"),
    (
        "a study within a study",
        "sweep net.pt2 --data data.npz --study study/x",
        "lies in the study",
    ),
    ("images that are not there", "sweep net.pt2 --data imagefolder:x --study new", "Check the pa"),
)


def inputs() -> Iterator[BadInput]:
    """Yield each of them."""
    for name, line, says in LINES:
        yield BadInput("found", name, tuple(line.split(" ")), says)
    yield BadInput(
        "found", "a pipe as a plan", ("verify", "study", "x.json"), "to be a file, but it is none",
        lambda folder: os.mkfifo(folder / "x.json"),
    )  # fmt: skip
    yield BadInput(
        "found", "labels in two splits of three", tuple(NEW.split()), "hold validation_targets",
        lambda folder: changed(folder / "data.npz", lambda a: a.pop("validation_targets")),
    )  # fmt: skip
    yield BadInput("found", "a layer of a size below 0", ("show", "study"), "it counts -", _below)


def _below(folder: Path) -> None:
    edited(folder / "study" / "study.json", MANIFESTS["a layer of a size below 0"])
