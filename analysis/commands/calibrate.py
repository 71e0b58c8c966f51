"""The request of ``calibrate``."""

from dataclasses import dataclass
from typing import ClassVar

from prunescope.commands.request import Request, option


@dataclass(frozen=True)
class Calibrate(Request):
    """Measure combinations that tell how far predictions can be trusted.

    Attributes:
        plans: How many.
        recovery: Of the curves and the plans.
        threads: Of the CPU; 0 lets torch choose.
        device: That computes; ``auto`` for a GPU, if there is one.
    """

    command: ClassVar[str] = "calibrate"

    plans: int = option("--plans", 16)
    recovery: str = option("--recovery", "none")
    threads: int = option("--threads", 0)
    device: str = option("--device", "auto")
