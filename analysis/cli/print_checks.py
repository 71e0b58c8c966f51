"""What commands say of the checks before measuring."""

from collections.abc import Sequence

from rich.console import Console

from prunescope.cli.terminal import errors
from prunescope.study.soundness import Check, concerns, summary


def print_checks(checks: Sequence[Check], where: Console = errors, every: bool = False) -> None:
    """Print how many checks passed, and a sentence on each that did not.

    Args:
        checks: Of a study or an inspection; nothing is printed where there are none.
        where: A console.
        every: Whether those that passed are printed too.
    """
    if not checks:
        return
    where.print(summary(checks))
    for check in checks if every else concerns(checks):
        word = {"passed": "  passed", "marked": "  WARNING", "refused": "  FAILED"}[check.state]
        where.print(f"{word}: {check.sentence}", highlight=False, markup=False)
