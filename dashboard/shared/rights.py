"""What a viewer may change here: nothing, where the dashboard is read-only."""

from typing import Final

from prunescope.store.read_only import read_only

WHY: Final = (
    "This dashboard is read-only: its owner opened it with --read-only. Curves, plans and "
    "predictions are yours to play with; nothing is measured, saved or deleted."
)


def locked() -> bool:
    """Return whether a control that changes a study is to be drawn dead."""
    return read_only()


def why(usual: str | None = None) -> str | None:
    """Return a control's help: ``usual``, or why it is dead."""
    return WHY if read_only() else usual
