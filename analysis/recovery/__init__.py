"""Recover accuracy: batch-norm statistics and least squares without training, or fine-tuning.

``names`` and ``report`` are torch-free, so ``recovered`` is imported when it is asked for.
"""

from typing import TYPE_CHECKING, Any

from prunescope.study.recoveries import MOVES_DENSE, RECOVERIES, TITLES

if TYPE_CHECKING:
    from prunescope.recovery.apply import recovered

__all__ = ["MOVES_DENSE", "RECOVERIES", "TITLES", "recovered"]


def __getattr__(name: str) -> Any:
    if name == "recovered":
        from prunescope.recovery.apply import recovered

        return recovered
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
