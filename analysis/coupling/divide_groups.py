"""Divide groups whose units could leave a tensor empty while one unit of the group stays.

A split hands some units of a group to one piece and the rest to another; if both meet again, the
units have the same members, yet removing all of one piece leaves a tensor without an index. Such
units become groups of their own. Every group keeps a unit, so no tensor is ever emptied.
"""

from collections.abc import Sequence

import numpy as np

from prunescope.coupling.labels import Labels, SolvedLabels
from prunescope.coupling.walk import CouplingWalk, dimensions


def divide(walk: CouplingWalk, solved: SolvedLabels, kinds: Sequence[Labels]) -> list[Labels]:
    """Return ``kinds`` divided until every dimension holds all units of one, or one that stays.

    Args:
        walk: The walk that labelled the dimensions.
        solved: The unit of each label.
        kinds: Unit numbers, in order, of each would-be group; those not named stay, as does a
            kind of one unit.
    """
    parts = list(kinds)
    kind = np.full(solved.count, -1, np.int64)
    for number, units in enumerate(parts):
        if len(units) > 1:
            kind[units] = number
    seen: set[int] = set()
    for value in walk.values.values():
        for dim in dimensions(value):
            if dim.labels is None or id(dim.labels) in seen:
                continue
            seen.add(id(dim.labels))
            if (dim.labels < 0).any():
                continue
            units = np.unique(solved.unit[dim.labels])
            if (kind[units] < 0).any():
                continue
            present, counts = np.unique(kind[units], return_counts=True)
            if any(n == len(parts[p]) for p, n in zip(present.tolist(), counts, strict=True)):
                continue
            widest = int(present[counts.argmax()])
            inside = np.isin(parts[widest], units)
            parts.append(parts[widest][inside])
            parts[widest] = parts[widest][~inside]
            for place in (widest, len(parts) - 1):
                kind[parts[place]] = place if len(parts[place]) > 1 else -1
    return parts
