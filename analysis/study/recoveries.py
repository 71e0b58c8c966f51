"""The list of recoveries, which command line and dashboard read. Torch-free."""

from typing import Final

RECOVERIES: Final = ("none", "bn", "ls")
"""In the order in which links and files number them; new ones go to the end."""

MOVES_DENSE: Final = frozenset({"bn"})
"""Those that change the dense network itself; the others leave it as it is."""

REVISIONS: Final = {"ls": 1}
"""How often a change to one recovery alone changed its measurements; never lowered.

``ls`` 1: a point is refitted in forward order, all that lies behind it, as a plan always was.
"""

TITLES: Final = {
    "none": "As pruned",
    "bn": "Batch norm re-estimated",
    "ls": "Least squares",
}
"""Recovery → what people call it."""
