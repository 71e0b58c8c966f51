"""Decide which factor of a split dimension carries the units."""

import numpy as np

from prunescope.arrays import Flags
from prunescope.coupling.labels import Labels, SolvedLabels
from prunescope.coupling.walk import CouplingWalk, Key


def choose_factors(scout: CouplingWalk) -> dict[Key, int]:
    """Return the best option of every decision.

    Preferred in this order: prunable, of a fixed size, heads, not inside a head, without a
    statistic, large, last.
    """
    solved = scout.ledger.solve()
    blocked = solved.having(solved.reason)
    marked = {
        kind: solved.having(solved.marks.get(kind, {})) for kind in ("head", "inner", "normalised")
    }
    any_size = _any_size(scout, solved)

    def rank(option: int, labels: Labels) -> tuple[bool, bool, bool, bool, bool, int, int]:
        units = solved.unit[labels[labels >= 0]]
        return (
            bool(units.size and not blocked[units].all()),
            not any_size[units].all(),
            bool(marked["head"][units].any()),
            not marked["inner"][units].any(),
            not marked["normalised"][units].any(),
            len(labels),
            option,
        )

    return {
        key: max(range(len(offered)), key=lambda option: rank(option, offered[option]))
        for key, offered in scout.options.items()
    }


def _any_size(scout: CouplingWalk, solved: SolvedLabels) -> Flags:
    """A flag for each unit that only expanded or constant dimensions have: any size fits."""
    count = solved.count
    expanded = [labels for labels, _ in scout.ledger.marks.get("free", [])]
    expanded_units = solved.unit[np.concatenate(expanded)] if expanded else np.zeros(0, np.int64)
    flags: Flags = np.bincount(expanded_units, minlength=count) == np.bincount(
        solved.unit, minlength=count
    )
    return flags
