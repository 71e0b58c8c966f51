"""Remove units for real: smaller tensors, rewritten sizes, and the law that shows it is exact.

See ``analysis.coupling`` for the vocabulary and the list of functions.
"""

from analysis.removal.frees import Freed, frees
from analysis.removal.gate import gated
from analysis.removal.law import LawReport, check_law
from analysis.removal.pour import load_pruned
from analysis.removal.remove import remove
from analysis.removal.selection import Removal
from analysis.removal.silence import Silenced, silence

__all__ = [
    "Freed",
    "LawReport",
    "Removal",
    "Silenced",
    "check_law",
    "frees",
    "gated",
    "load_pruned",
    "remove",
    "silence",
]
