"""The request of ``verify``."""

from dataclasses import dataclass, field
from typing import ClassVar

from prunescope.commands.request import ARGUMENT, Request, option


@dataclass(frozen=True)
class Verify(Request):
    """Apply a plan for real and measure it.

    Attributes:
        plan: A plan's file, or the name of a saved one.
        split: ``validation``, or ``test`` for the final report.
        threads: Of the CPU; 0 lets torch choose.
        recovery: Another one than the plan's; empty for its own.
        device: That computes; ``auto`` for a GPU, if there is one.
    """

    command: ClassVar[str] = "verify"

    plan: str = field(metadata=ARGUMENT)
    split: str = option("--split", "validation")
    threads: int = option("--threads", 0)
    recovery: str = option("--recovery", "")
    device: str = option("--device", "auto")
