"""What was checked of a model and its data before minutes were spent on them. Torch-free."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

REPEATED: Final = "repeated"
BATCHES: Final = "batches"
EMPTY_MASK: Final = "empty-mask"
THREADS: Final = "threads"
LABELS: Final = "labels"
CLASSES: Final = "classes"
CHANCE: Final = "chance"
OVERLAP: Final = "overlap"
BALANCE: Final = "balance"
PRECISION: Final = "precision"

REFUSABLE: Final = (REPEATED, BATCHES, EMPTY_MASK, CLASSES)
"""Names of the checks whose failure refuses a study: its numbers would not be what they say."""


@dataclass(frozen=True)
class Check:
    """One check and its outcome.

    Attributes:
        name: One of the names above.
        state: ``passed``; ``marked``: the study is made, and every page says so; ``refused``: no
            study is made unless its maker accepts it, and then every page says so.
        sentence: What was seen, with numbers.
    """

    name: str
    state: Literal["passed", "marked", "refused"]
    sentence: str


def concerns(checks: Sequence[Check]) -> tuple[Check, ...]:
    """Return the checks that did not pass, the gravest first."""
    failed = [check for check in checks if check.state != "passed"]
    return tuple(sorted(failed, key=lambda check: check.state != "refused"))


def summary(checks: Sequence[Check]) -> str:
    """Return in one sentence how many of the checks passed.

    >>> summary((Check("threads", "passed", ""), Check("chance", "marked", "")))
    'Checked before measuring: 1 of 2 checks passed.'
    """
    passed = sum(check.state == "passed" for check in checks)
    return f"Checked before measuring: {passed} of {len(checks)} checks passed."
