"""Decide which factor of a split dimension carries the units.

Where each key-value head is repeated for several query heads, the units are either key-value heads
with all their query heads, or query heads, one of each key-value head: whichever are more, unless
somebody asks for key-value heads. Two key-value heads allow no step but one of half.
"""

import numpy as np

from prunescope.arrays import Flags
from prunescope.coupling.labels import Labels, SolvedLabels
from prunescope.coupling.walk import CouplingWalk, Key


def choose_factors(scout: CouplingWalk, key_value_heads: bool = False) -> dict[Key, int]:
    """Return the best option of every decision.

    Preferred in this order: prunable, of a fixed size, heads, not inside a head, without a
    statistic, large, last.

    Args:
        scout: A walk that left every decision open.
        key_value_heads: Whether these are the units wherever they are repeated.
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

    decided = {}
    repeating = _repeating(scout, solved, any_size)
    for key, offered in scout.options.items():
        preferred = None
        if key in repeating:  # the option of more units; key-value heads if they are as many
            preferred = int(len(offered[1]) > len(offered[0]) and not key_value_heads)
        elif key[1] == "repeat":
            preferred = 0
        ranks = [rank(option, labels) for option, labels in enumerate(offered)]
        decided[key] = ranks.index(max(ranks)) if preferred is None else preferred
    return decided


def repeated_heads(scout: CouplingWalk) -> set[Key]:
    """Return the decisions of ``scout`` that are about key-value heads of several query heads."""
    solved = scout.ledger.solve()
    return _repeating(scout, solved, _any_size(scout, solved))


def _repeating(scout: CouplingWalk, solved: SolvedLabels, any_size: Flags) -> set[Key]:
    blocked = solved.having(solved.reason)
    is_head = solved.having(solved.marks.get("head", {}))
    repeating = set()
    for key, merged in scout.repeats.items():
        offered = scout.options.get(key, [])
        if len(offered) != 2:
            continue
        result = solved.unit[merged]
        heads, copies = (solved.unit[labels[labels >= 0]] for labels in offered)
        repeats = any_size[copies].all() and not any_size[heads].any() and not blocked[heads].any()
        if repeats and not blocked[result].any() and is_head[result].all():
            repeating.add(key)
    return repeating


def _any_size(scout: CouplingWalk, solved: SolvedLabels) -> Flags:
    """A flag for each unit that only expanded or constant dimensions have: any size fits."""
    count = solved.count
    expanded = [labels for labels, _ in scout.ledger.marks.get("free", [])]
    expanded_units = solved.unit[np.concatenate(expanded)] if expanded else np.zeros(0, np.int64)
    flags: Flags = np.bincount(expanded_units, minlength=count) == np.bincount(
        solved.unit, minlength=count
    )
    return flags
