"""Cross-entropy, KL and worst recall of a plan: corrected and given an interval like the drop.

The changes are plain differences that are 0 for the dense model, so the slope of ``correction``
acts on them as they are, and errors are compared as ``|predicted − measured| / (|predicted| +
slack)``. Recall is not corrected: the recalls of the classes would not agree with their worst.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.planning.predictors.correction import slopes
from analysis.planning.predictors.figures import SLACKS
from analysis.planning.predictors.interval import limit
from analysis.planning.predictors.record import Trial
from analysis.statistics import Interval

_UNCORRECTED: Final = ("worst",)


@dataclass(frozen=True)
class Scale:
    """How one figure is corrected, and how far it was off.

    Attributes:
        slack: Added to the size of the expected change.
        slope: By which the change is multiplied.
        scores: Errors of the verified plans relative to their expected change and the slack.
    """

    slack: float
    slope: float = 1.0
    scores: tuple[float, ...] = ()

    def interval(self, change: float) -> Interval | None:
        """Return the corrected ``change`` with its interval; None when either is unknown."""
        mean = self.slope * change
        half = limit(self.scores)
        if half is None or math.isnan(mean):
            return None
        half *= abs(mean) + self.slack
        return Interval(mean, mean - half, mean + half)


def scales_of(trials: Sequence[Trial], predictor: str) -> dict[str, Scale]:
    """Return the scale of every figure that ``predictor`` and the measured plans both know."""
    found = {}
    for name, slack in SLACKS.items():
        pairs = np.array(
            [(getattr(t.guesses[predictor], name), getattr(t.real, name)) for t in trials]
        ).reshape(-1, 2)
        pairs = pairs[np.isfinite(pairs).all(axis=1)]
        if not len(pairs):
            continue
        slope, expected = 1.0, pairs[:, 0]
        if name not in _UNCORRECTED:
            every, without = slopes(pairs[:, :1], pairs[:, 1], slack)
            slope, expected = float(every[0]), without[:, 0] * pairs[:, 0]
        scores = np.abs(expected - pairs[:, 1]) / (np.abs(expected) + slack)
        found[name] = Scale(slack, slope, tuple(map(float, scores)))
    return found
