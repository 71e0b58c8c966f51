"""The law between what outputs change and what a score drops, fitted over all curves. Torch-free.

``log drop = a + b log divergence + c``, with one ``c`` for each curve: a divergence is known well
from a few dozen samples, a drop is not, and the law is nearly the same for all layers of a network.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from prunescope.arrays import Floats

INTERCEPT: Final = (-1.6, 0.5)
SLOPE: Final = (0.75, 0.15)
"""Mean and deviation before anything is measured, from the sample networks."""
UNKNOWN: Final = (0.0, 5.0)
"""Of the intercept where a score is no share from 0 to 1."""
OWN: Final = 0.4
"""Deviation of a curve's own factor, in logarithms."""
ROUGH: Final = 0.2
"""Deviation of a point from its curve's law."""
_CLEAR: Final = 1.5
"""Standard errors that a drop is from zero at least, to be read by the law."""


@dataclass(frozen=True)
class Evidence:
    """One measured point.

    Attributes:
        curve: Number of its curve.
        divergence: Mean.
        drop: Mean.
        deviation: Standard error of ``drop``.
    """

    curve: int
    divergence: float
    drop: float
    deviation: float


class Law:
    """The law of a network as far as it is known."""

    def __init__(self, curves: int, evidence: Sequence[Evidence], share: bool = True) -> None:
        """Fit.

        Args:
            curves: How many there are.
            evidence: Measured points; those whose drop is not clear of zero say little and are
                left out.
            share: Whether scores go from 0 to 1.
        """
        intercept = INTERCEPT if share else UNKNOWN
        mean = np.array([intercept[0], SLOPE[0], *np.zeros(curves)])
        precision = np.diag([intercept[1] ** -2, SLOPE[1] ** -2, *np.full(curves, OWN**-2)])
        right = precision @ mean
        for point in evidence:
            if point.drop <= _CLEAR * point.deviation or not point.divergence > 0:
                continue
            row = np.zeros(curves + 2)
            row[:2], row[2 + point.curve] = (1.0, np.log(point.divergence)), 1.0
            weight = 1 / (ROUGH**2 + (point.deviation / point.drop) ** 2)
            precision += weight * np.outer(row, row)
            right += weight * row * np.log(point.drop)
        self._covariance = np.linalg.inv(precision)
        self._mean = self._covariance @ right

    def log_drops(self, curve: int, log_divergences: Floats) -> tuple[Floats, Floats]:
        """Return the mean and the deviation of the logarithm of the drop.

        Args:
            curve: Number of the curve.
            log_divergences: ``(n,)``.
        """
        rows = np.zeros((len(log_divergences), len(self._mean)))
        rows[:, 0], rows[:, 1], rows[:, 2 + curve] = 1.0, log_divergences, 1.0
        variance = np.einsum("ij,jk,ik->i", rows, self._covariance, rows) + ROUGH**2
        return rows @ self._mean, np.sqrt(variance)
