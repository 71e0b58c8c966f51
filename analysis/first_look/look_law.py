"""From cheap features of points to their drops, fitted on the few that are measured. Torch-free.

Two stages, as a divergence is known well where a drop is not: ``log KL = c · (1, u, u², e) + own``,
with ``u`` the logarithm of the margin's divergence (``margin_changes``), ``e`` that of the relative
change of the layer's outputs (its second moments), and one term of its own for each curve. Of units
``u`` is the logarithm of the divergence on a few samples (``sampled_changes``), and ``e`` 0. Then
``drop = exp(a + b log KL)``. Both with priors from the sample networks and from small ones of other
kinds. Errors are taken of ``log(drop + room)``: relative for large drops, absolute for small ones.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import least_squares
from scipy.special import stdtrit  # of Student's t; the same bits as scipy.stats, not its memory

from prunescope.arrays import Floats
from prunescope.finding.law import INTERCEPT, SLOPE

PRIOR: Final = (np.array([1.3, 1.25, 0.03, 0.12]), np.array([0.7, 0.3, 0.05, 0.2]))
"""Means and deviations of the first stage's coefficients, of weights."""
SAMPLED: Final = (np.array([0.0, 1.0, 0.0, 0.0]), np.array([0.3, 0.15, 0.02, 0.01]))
"""The same of units: what is fitted is seen already, on fewer samples."""
OWN: Final = 0.3
"""Deviation of a curve's own term."""
ROUGH: Final = 0.3
"""Deviation of a point, in either stage."""
USUAL: Final = (0.6, 4)
"""Deviation of the errors before any is seen, and how many seen ones that is worth."""
CONFIDENCE: Final = 0.95
_TINY: Final = 1e-6


@dataclass(frozen=True)
class Features:
    """What is known of every point without measuring it.

    Attributes:
        curve: ``(n,)`` int, number of its curve.
        margin: ``(n,)`` u.
        moments: ``(n,)`` e.
        prior: Means and deviations of the coefficients.
    """

    curve: np.ndarray
    margin: Floats
    moments: Floats
    prior: tuple[np.ndarray, np.ndarray] = PRIOR

    @property
    def rows(self) -> Floats:
        """``(n, 4 + curves)`` of the first stage."""
        own = np.eye(int(self.curve.max()) + 1)[self.curve]
        ones = np.ones(len(self.curve))
        return np.column_stack([ones, self.margin, self.margin**2, self.moments, own])


@dataclass(frozen=True)
class Anchors:
    """Points that are measured.

    Attributes:
        place: ``(m,)`` int, which of the features.
        drop: ``(m,)`` mean.
        divergence: ``(m,)`` mean KL.
    """

    place: np.ndarray
    drop: Floats
    divergence: Floats

    def without(self, number: int) -> "Anchors":
        """Return all but one."""
        rest = np.arange(len(self.place)) != number
        return Anchors(self.place[rest], self.drop[rest], self.divergence[rest])


@dataclass(frozen=True)
class Forecast:
    """Drops of all points.

    Attributes:
        drop: ``(n,)``.
        low: ``(n,)`` lower end of the interval.
        high: ``(n,)`` upper end.
        errors: ``(m,)`` of each anchor, predicted from the others: measured less predicted.
    """

    drop: Floats
    low: Floats
    high: Floats
    errors: Floats


def room(samples: int) -> float:
    """Return the drop below which errors count absolutely: half a point, and what few samples add.

    >>> round(room(10_000), 4)
    0.007
    """
    return 0.005 + 0.2 / float(np.sqrt(samples))


def unfitted(features: Features, most: float) -> Floats:
    """Return the drops by the priors alone, ``(n,)``: to choose what to measure."""
    divergences = features.rows[:, :4] @ features.prior[0]
    return _drops((INTERCEPT[0], SLOPE[0]), divergences, most)


def forecast(features: Features, anchors: Anchors, samples: int, most: float) -> Forecast:
    """Return the drops of all points, with the interval that the anchors' own errors support.

    Each anchor is predicted from the others. The deviation of these errors, ``USUAL`` counted in,
    times the quantile of Student's t gives one width for all points, on ``log(drop + room)``.
    Below, what few samples measure of a small drop by chance is added: it may be a gain.

    Args:
        features: Of all points.
        anchors: At least two.
        samples: That an anchor's drop is the mean of.
        most: The largest drop there can be.
    """
    free = room(samples)
    drops = _fitted(features, anchors, samples, most)
    left_out = np.array(
        [
            _fitted(features, anchors.without(number), samples, most)[place]
            for number, place in enumerate(anchors.place)
        ]
    )
    apart = _scaled(anchors.drop, free) - _scaled(left_out, free)
    count = USUAL[1] + len(apart)
    deviation = np.sqrt((USUAL[1] * USUAL[0] ** 2 + (apart**2).sum()) / count)
    quantile = stdtrit(count, 0.5 + CONFIDENCE / 2)
    factor = np.exp(quantile * deviation)
    low, high = (drops + free) / factor - free, (drops + free) * factor - free
    low = drops - np.hypot(drops - low, quantile * _noise(drops, samples))
    return Forecast(drops, low, np.minimum(high, most), anchors.drop - left_out)


def _fitted(features: Features, anchors: Anchors, samples: int, most: float) -> Floats:
    rows = features.rows
    curves = rows.shape[1] - 4
    mean = np.concatenate([features.prior[0], np.zeros(curves)])
    deviations = np.concatenate([features.prior[1], np.full(curves, OWN)])
    used = anchors.divergence > _TINY
    own = rows[anchors.place[used]]
    known = np.log(anchors.divergence[used])
    precision = np.diag(deviations**-2) + own.T @ own / ROUGH**2
    right = mean / deviations**2 + own.T @ known / ROUGH**2
    divergences = np.asarray(rows @ np.linalg.solve(precision, right), np.float64)
    law = _law(divergences[anchors.place[used]], anchors.drop[used], samples)
    return _drops(law, divergences, most)


def _law(divergences: Floats, drops: Floats, samples: int) -> tuple[float, float]:
    """The second stage: intercept and slope that fit best on ``log(drop + room)``."""
    free = room(samples)
    noise = _noise(drops, samples)

    def residuals(law: np.ndarray) -> np.ndarray:
        predicted = _drops((law[0], law[1]), divergences, 1.0)
        errors = _scaled(drops, free) - _scaled(predicted, free)
        weighed = errors / np.sqrt(ROUGH**2 + (noise / (predicted + free)) ** 2)
        prior = [(law[0] - INTERCEPT[0]) / INTERCEPT[1], (law[1] - SLOPE[0]) / SLOPE[1]]
        return np.concatenate([weighed, prior])

    intercept, slope = least_squares(residuals, [INTERCEPT[0], SLOPE[0]]).x
    return float(intercept), float(slope)


def _drops(law: tuple[float, float], log_divergences: Floats, most: float) -> Floats:
    logs = np.minimum(law[0] + law[1] * log_divergences, 0.0)
    return np.asarray(np.minimum(np.exp(logs), most), np.float64)


def _noise(drops: Floats, samples: int) -> Floats:
    """The deviation of drops that few samples measure."""
    return np.asarray(np.sqrt(np.maximum(drops, 0.01) / samples), np.float64)


def _scaled(drops: Floats, free: float) -> Floats:
    return np.asarray(np.log(np.maximum(drops, -0.8 * free) + free), np.float64)
