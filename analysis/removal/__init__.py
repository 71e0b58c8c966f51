"""Remove units physically: smaller tensors, rewritten sizes, and a check that this is exact.

See ``prunescope.coupling`` for the vocabulary and the list of functions.
"""

from prunescope.removal.freed_cost import FreedCost, freed
from prunescope.removal.law import LawReport, check_law
from prunescope.removal.load_weights import load_pruned
from prunescope.removal.remove import remove
from prunescope.removal.selection import Removal
from prunescope.removal.silence import Silenced, silence
from prunescope.removal.try_groups import random_half, try_groups
from prunescope.removal.unit_gates import gated

__all__ = [
    "FreedCost",
    "LawReport",
    "Removal",
    "Silenced",
    "check_law",
    "freed",
    "gated",
    "load_pruned",
    "random_half",
    "remove",
    "silence",
    "try_groups",
]
