"""The list of recoveries, which command line and dashboard read. Torch-free."""

from typing import Final

RECOVERIES: Final = ("none", "bn", "ls")
"""In the order in which links and files number them; new ones go to the end."""

MOVES_DENSE: Final = frozenset({"bn"})
"""Those that change the dense network itself; the others leave it as it is."""

TITLES: Final = {
    "none": "As pruned",
    "bn": "Batch norm re-estimated",
    "ls": "Least squares",
}
"""Recovery → what people call it."""
