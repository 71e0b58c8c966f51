"""Correct the predicted cross-entropy, KL and worst recall, and give each an interval.

The changes are plain differences that are 0 for the dense model, corrected as they are
(``correction``), and errors are compared as ``|predicted − measured| / (|predicted| + slack)``.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from prunescope.planning.prediction.correction import NATS, PER, RECALL, Correction, Unit
from prunescope.planning.prediction.predicted_effects import SLACKS
from prunescope.planning.prediction.track_record import Trial
from prunescope.statistics.paired import Interval
from prunescope.statistics.tolerance import NINE_IN_TEN, limit

_UNITS: Final[Mapping[str, Unit]] = {"entropy": NATS, "divergence": NATS, "worst": RECALL}


@dataclass(frozen=True)
class FigureCorrection:
    """The correction of one predicted figure, and its past errors.

    Attributes:
        slack: Added to the size of the expected change.
        correction: Of the change.
        scores: Errors of the verified plans relative to their expected change and the slack.
    """

    slack: float
    correction: Correction
    scores: tuple[float, ...] = ()

    def interval(self, change: float, shares: Mapping[str, float]) -> Interval | None:
        """Return the corrected ``change`` with its interval; None when either is unknown.

        Args:
            change: As predicted.
            shares: Layer or group → its share in the plan's damage.
        """
        half = limit(self.scores)
        if half is None or math.isnan(change):
            return None
        mean, deviation = self.correction(change, shares)
        half = max(half * (abs(mean) + self.slack), NINE_IN_TEN * deviation)
        return Interval(mean, mean - half, mean + half)


def figure_corrections(
    trials: Sequence[Trial], predictor: str, samples: int = PER
) -> dict[str, FigureCorrection]:
    """Return the correction of every figure that both ``predictor`` and measured plans have."""
    corrections = {}
    for name, slack in SLACKS.items():
        pairs = np.array(
            [(getattr(t.guesses[predictor], name), getattr(t.real, name)) for t in trials]
        ).reshape(-1, 2)
        is_known = np.isfinite(pairs).all(axis=1)
        if not is_known.any():
            continue
        expected, real = pairs[is_known].T
        shares = [
            trial.shares for trial, both_known in zip(trials, is_known, strict=True) if both_known
        ]
        correction = Correction.of(expected, real, shares, _UNITS[name], samples)
        expected = correction.left_out
        scores = np.abs(expected - real) / (np.abs(expected) + slack)
        corrections[name] = FigureCorrection(slack, correction, tuple(map(float, scores)))
    return corrections
