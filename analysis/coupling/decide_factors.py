"""Decide which factor of a split dimension carries the units."""

import numpy as np

from prunescope.arrays import Flags
from prunescope.coupling.labels import Labels, SolvedLabels
from prunescope.coupling.walk import CouplingWalk, Key


def decide(scout: CouplingWalk) -> dict[Key, int]:
    """Return the best option of every decision: prunable, heads, outside heads, plain, large."""
    solved = scout.ledger.solve()
    blocked = solved.having(solved.reason)
    marked = {
        kind: solved.having(solved.marks.get(kind, {})) for kind in ("head", "inner", "normalised")
    }
    free = _free(scout, solved)

    def rank(place: int, labels: Labels) -> tuple[bool, bool, bool, bool, bool, int, int]:
        units = solved.unit[labels[labels >= 0]]
        return (
            bool(units.size and not blocked[units].all()),
            not free[units].all(),
            bool(marked["head"][units].any()),
            not marked["inner"][units].any(),
            not marked["normalised"][units].any(),
            len(labels),
            place,
        )

    return {
        key: max(range(len(offered)), key=lambda place: rank(place, offered[place]))
        for key, offered in scout.options.items()
    }


def _free(scout: CouplingWalk, solved: SolvedLabels) -> Flags:
    """A flag for each unit that only expanded or filled dimensions have, so that any size does."""
    count = solved.count
    expanded = [labels for labels, _ in scout.ledger.marks.get("free", [])]
    mine = solved.unit[np.concatenate(expanded)] if expanded else np.zeros(0, np.int64)
    alone: Flags = np.bincount(mine, minlength=count) == np.bincount(solved.unit, minlength=count)
    return alone
