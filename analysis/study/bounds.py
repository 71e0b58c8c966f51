"""How large the numbers and paths may be that people give: each bound once. Torch-free.

The command line and Python ask here before anything is loaded, so that what would take hours, all
memory, or crash below Python is one sentence at once.
"""

import math
import operator
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prunescope.errors import BadReference, BadValue

_NAME_BYTES: Final = 240
"""Of one part of a path: file systems take 255, and files are written under a longer name first."""
_PATH_BYTES: Final = 3800
"""Of a whole path: systems take 4096, and a study's files lie below its folder."""


@dataclass(frozen=True)
class Bound:
    """From where to where a number may be.

    Attributes:
        name: What the number is.
        least: Smallest value; one ``above`` it where the bound is open.
        most: Largest value.
        step: What to do about it.
        is_open: Whether ``least`` itself is not allowed.
        is_whole: Whether only whole numbers are.
    """

    name: str
    least: int
    most: int
    step: str
    is_open: bool = False
    is_whole: bool = True

    def checked(self, value: float) -> float:
        """Return ``value``; raises ``BadValue`` with the allowed range where it is outside.

        >>> SECONDS.checked(5.0)
        5.0
        """
        if self._holds(value):
            return value
        begin = "above" if self.is_open else "from"
        to = "and at most" if self.is_open else "to"
        kind = "a whole number" if self.is_whole else "a number"
        raise BadValue(
            f"Expected {self.name} to be {kind} {begin} {self.least} {to} "
            f"{self.most}, but got {value!r}. {self.step}"
        )

    def _holds(self, value: float) -> bool:
        try:
            number = operator.index(value) if self.is_whole else float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError, OverflowError):
            return False
        return number <= self.most and (
            number > self.least if self.is_open else number >= self.least
        )


SEED: Final = Bound("a seed", 0, 2**32 - 1, "Take a small one, such as 0.")
THREADS: Final = Bound(
    "threads", 0, max(256, os.cpu_count() or 1),
    f"This machine has {os.cpu_count() or 1} processors; 0 leaves the choice to torch.",
)  # fmt: skip
WORKERS: Final = Bound("workers", 0, 10_000, "0 takes as many as there is room for.")
TIMING_THREADS: Final = Bound(
    "threads", 1, THREADS.most, f"This machine has {os.cpu_count() or 1} processors."
)
SECONDS: Final = Bound(
    "the time to spend", 0, 30 * 86_400, "Give seconds, such as 60.", is_open=True, is_whole=False
)
BATCH: Final = Bound("batch", 1, 65_536, "Times are usually asked for 1 to 256 samples at once.")
CALIBRATION_PLANS: Final = Bound(
    "the number of plans to measure", 1, 1_000, "A dozen tells how exact predictions are."
)
EVALUATED_PLANS: Final = Bound(
    "the number of plans to evaluate", 1, 1_000_000, "A few thousand take seconds."
)
MULTIPLE: Final = Bound(
    "the multiple of units to keep", 1, 1024, "Take 4, 8, 16 or 32, or 1 for any count."
)
LOSS: Final = Bound(
    "what coarser numbers may cost of the score", 0, 1_000_000,
    "Give a fraction of the score, such as 0.01 for one point.", is_whole=False,
)  # fmt: skip
OPSET: Final = Bound(
    "the ONNX opset", 13, 25, "Take 17 to 20 for older runtimes, or leave it out for torch's own."
)
_ELEMENTS: Final = 1 << 27
_DIMENSIONS: Final = 8


def require_timing(batch: int, threads: int, seconds: float) -> None:
    """Raise ``BadValue`` unless something can be timed so.

    Args:
        batch: Samples per forward pass.
        threads: That a runtime may use.
        seconds: To spend.
    """
    BATCH.checked(batch)
    TIMING_THREADS.checked(threads)
    SECONDS.checked(seconds)


def parse_shape(text: str) -> tuple[int, ...]:
    """Return the shape of one input without the batch.

    >>> parse_shape("3,224,224"), parse_shape("3x32x32")
    ((3, 224, 224), (3, 32, 32))

    Raises:
        BadValue: Something else than positive whole numbers, or more elements than an input has.
    """
    parts = [part.strip() for part in text.replace("x", ",").split(",")]
    if not all(part.isascii() and part.isdigit() and part.strip("0") for part in parts):
        raise BadValue(
            f"Expected shape to be positive whole numbers like 3,224,224, but got {text[:60]!r}. "
            "Leave the batch out."
        )
    digits = len(str(_ELEMENTS))
    sizes = tuple(int(part[-20:]) if len(part.lstrip("0")) <= digits else _ELEMENTS + 1
                  for part in parts)  # fmt: skip
    if len(sizes) > _DIMENSIONS or math.prod(sizes) > _ELEMENTS:
        raise BadValue(
            f"Expected shape to have at most {_DIMENSIONS} dimensions and {_ELEMENTS} "
            f"elements, but got {text[:60]!r}. Give the shape of one sample, without the batch."
        )
    return sizes


def checked_reference(text: str) -> str:
    """Return ``text``, which names a model, data, a metric, a criterion or weights.

    Raises:
        BadReference: A part of it could name a file only if names could be longer.
    """
    for part in text.split(":"):
        if part.strip():
            checked_path(part, "a reference")
    return text


def checked_path(path: str | Path, what: str) -> Path:
    """Return ``path``; raises ``BadReference`` where no file or folder can have it.

    Args:
        path: As somebody typed it.
        what: What it names, for the error.
    """
    text = str(path)
    if not text.strip() or "\0" in text:
        raise BadReference(
            f"Expected {what} to be a path, but got {text!r}. Name one; . is the folder that you "
            "are in."
        )
    longest = max((len(os.fsencode(part)) for part in Path(text).parts), default=0)
    if longest > _NAME_BYTES or len(os.fsencode(text)) > _PATH_BYTES:
        raise BadReference(
            f"Expected {what} to have names of at most {_NAME_BYTES} bytes and "
            f"{_PATH_BYTES} in all, but got one of {longest} in {len(text)}. Choose "
            "a shorter one."
        )
    return Path(text)
