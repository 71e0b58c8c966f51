"""Where the least of many planes is highest: a linear program of a few rows, solved by hand.

A general solver spends most of its two milliseconds on its own options, several times per move of
a slider. In the program's dual every plane is a column of as many rows as there are budgets, and
one more; the revised simplex method needs a dozen steps of that size.

Source: Dantzig 1953, the revised simplex method; ties by Bland 1977, so that it ends.
"""

from typing import Final

import numpy as np

from prunescope.arrays import Floats

LARGEST: Final = 1e6
"""Largest multiplier."""
_STEPS: Final = 200
_CLOSE: Final = 1e-10


def highest_plane(heights: Floats, slopes: Floats) -> tuple[float, Floats] | None:
    """Return the largest ``t`` with ``t <= heights + slopes @ m``, and its ``m``.

    Args:
        heights: ``(n,)`` of the planes at ``m = 0``.
        slopes: ``(n, k)`` how each plane rises with each multiplier.

    Returns:
        ``t`` and ``m``, ``(k,)`` from 0 to ``LARGEST``; None where rounding keeps it from ending.

    >>> t, m = highest_plane(np.array([0.0, 3.0]), np.array([[1.0], [-2.0]]))
    >>> round(t, 6), m.round(6).tolist()
    (1.0, [1.0])
    """
    count, targets = slopes.shape
    unit = np.eye(targets)
    # minimise cost @ x with x >= 0: shares of planes sum to 1, and their slopes to at most 0
    columns = np.zeros((targets + 1, count + 2 * targets))
    columns[:targets] = np.concatenate([slopes.T, unit, -unit], axis=1)
    columns[targets, :count] = 1.0
    cost = np.concatenate([heights, np.zeros(targets), np.full(targets, LARGEST)])
    first = int(heights.argmin())
    basis = [count + k + (targets if slopes[first, k] > 0 else 0) for k in range(targets)]
    basis.append(first)
    right = np.append(np.zeros(targets), 1.0)
    for step in range(_STEPS):
        try:
            inverse = np.linalg.inv(columns[:, basis])
        except np.linalg.LinAlgError:
            return None
        prices = cost[basis] @ inverse
        reduced = cost - prices @ columns
        entering = int(reduced.argmin()) if step < _STEPS // 2 else _first_below(reduced)
        if entering < 0 or reduced[entering] >= -_CLOSE * max(1.0, abs(float(prices[-1]))):
            return float(prices[-1]), np.clip(-prices[:targets], 0.0, LARGEST)
        direction, values = inverse @ columns[:, entering], inverse @ right
        falls = direction > 1e-12
        if not falls.any():
            return None
        ratios = np.where(falls, np.maximum(values, 0.0) / np.where(falls, direction, 1.0), np.inf)
        ties = np.flatnonzero(ratios <= ratios.min() + 1e-14)
        basis[min(ties, key=lambda place: basis[place])] = entering
    return None


def _first_below(reduced: Floats) -> int:
    """The first column that lowers the sum, by Bland's rule; −1 for none."""
    below = np.flatnonzero(reduced < -_CLOSE)
    return int(below[0]) if len(below) else -1
