"""Which points to measure so that the others can be predicted. Torch-free."""

from itertools import cycle
from typing import Final

import numpy as np

from prunescope.arrays import Floats
from prunescope.first_look.look_law import Features, room

TARGETS: Final = (0.02, 0.05, 0.01, 0.1, 0.03, 0.2)
"""Drops near which points are measured, in turn: where plans are made, and somewhat beyond."""
WEIGHTS: Final = 2
UNITS: Final = 1
"""Points of each curve, within the bounds below; units' features say more."""
LEAST: Final = 12
MOST: Final = 48


def choose_anchors(
    features: Features, drops: Floats, samples: int, each: int = WEIGHTS
) -> list[int]:
    """Return which points to measure: those expected near the targets, of curves in turn.

    Args:
        features: Of all points.
        drops: ``(n,)`` expected.
        samples: Of the validation split.
        each: Points of each curve.
    """
    curves = [np.flatnonzero(features.curve == one) for one in np.unique(features.curve)]
    wanted = min(max(LEAST, min(each * len(curves), MOST)), len(drops))
    if wanted < len(curves):
        spread = np.linspace(0, len(curves) - 1, wanted).round().astype(int)
        curves = [curves[place] for place in spread]
    logs = np.log(drops + room(samples))
    targets, chosen = cycle(TARGETS), set[int]()
    while len(chosen) < wanted:
        for own in curves:
            left = [int(place) for place in own if int(place) not in chosen]
            target = np.log(next(targets) + room(samples))
            if left and len(chosen) < wanted:
                chosen.add(min(left, key=lambda place: abs(float(logs[place]) - target)))
        next(targets)  # a curve's second point has another target
    return sorted(chosen)
