"""Divide groups of which a removal could empty a tensor although a unit of the group stays.

A split puts some units of a group into one piece and the rest into another. If both pieces are
joined again, all units have the same members, yet removing all of one piece would leave that piece
without an index. So the units of a piece become a group; as every group keeps a unit, no tensor is
emptied.
"""

from collections.abc import Sequence

import numpy as np

from prunescope.coupling.labels import Labels, SolvedLabels
from prunescope.coupling.walk import CouplingWalk, dimensions


def divide(walk: CouplingWalk, solved: SolvedLabels, kinds: Sequence[Labels]) -> list[Labels]:
    """Return ``kinds`` divided so that every dimension holds all units of a kind, or a fixed unit.

    Args:
        walk: The walk that labelled the dimensions.
        solved: The unit of each label.
        kinds: Unit numbers, in order, of each group to be; units in no kind cannot be removed, and
            neither can a kind of one unit.
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
