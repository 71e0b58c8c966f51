"""The damage of pruning one subject to any sparsity, interpolated between measured points.

Logits move by a noise that grows about evenly with the sparsity, and KL and cross-entropy with its
square; so their roots are interpolated, monotone (PCHIP), from 0 at the dense network. Straight
lines would overestimate the damage between two points of a coarse grid, most of all below the first
one, so that a solver would never choose such a sparsity. Drops are flat and noisy where little is
removed, and stay linear.

Source: Fritsch and Carlson 1980, as in ``scipy.interpolate.PchipInterpolator``.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from scipy.interpolate import PchipInterpolator

from prunescope.arrays import Floats
from prunescope.curves.curve import Curve, CurveKey
from prunescope.planning.solve.goal import DAMAGES, Goal
from prunescope.study import is_control
from prunescope.study.plan import Choice

_SQUARES: Final = ("divergence", "cross-entropy")
"""Damages that grow with the square of the noise."""

_SLACK: Final = 1e-9
"""Shares are counts over counts: differences below this are the last bits of a division."""

NOTHING: Final[Mapping[str, float]] = dict.fromkeys(DAMAGES, 0.0)


def monotone_damages(curve: Curve) -> dict[str, list[float]]:
    """Return the damages per point, each at least 0 and at least that of the point before."""
    raw = {
        "divergence": [point.divergence for point in curve.points],
        "cross-entropy": [point.entropy for point in curve.points],
        "drop": [point.drop for point in curve.points],
    }
    return {
        name: [float(v) for v in np.maximum.accumulate(np.maximum(values, 0.0))]
        for name, values in raw.items()
    }


def interpolate_damages(curve: Curve, shares: Sequence[float]) -> list[dict[str, float]]:
    """Return the damages at each of ``shares``, fractions removed.

    At measured points they are the measured ones, made monotone; NaN where the study has none.
    Past the last point they are a guess: they rise on from it (KL and cross-entropy by their
    roots) at least as steeply as they rose so far, so that it is never free to go there.
    """
    measured = [0.0, *(point.share for point in curve.points)]
    positions = np.unique(measured)  # small layers: two sparsities can remove the same
    last = np.searchsorted(measured, positions, side="right") - 1
    clipped_shares = np.clip(np.asarray(shares, float), 0.0, positions[-1])
    past = np.asarray(shares, float) - clipped_shares
    past[past < _SLACK] = 0.0
    by_damage: dict[str, Floats] = {}
    for name, values in monotone_damages(curve).items():
        heights = np.array([0.0, *values])[last]
        if name in _SQUARES and np.isfinite(heights).all():
            line = PchipInterpolator(positions, np.sqrt(heights))(clipped_shares)
            inside = np.where(
                np.isin(clipped_shares, positions),
                np.interp(clipped_shares, positions, heights),
                np.square(line),
            )
            beyond = np.square(np.sqrt(heights[-1]) + past * _slope(positions, np.sqrt(heights)))
            by_damage[name] = np.where(past > 0, beyond, inside)
        else:
            by_damage[name] = np.interp(clipped_shares, positions, heights)
            by_damage[name] += past * _slope(positions, heights)
    return [
        {name: float(values[index]) for name, values in by_damage.items()}
        for index in range(len(clipped_shares))
    ]


def _slope(positions: Floats, heights: Floats) -> float:
    """The steeper of the last piece and of the whole line from 0, per fraction removed."""
    if len(positions) < 2:
        return 0.0
    last = (heights[-1] - heights[-2]) / (positions[-1] - positions[-2])
    return float(max(last, heights[-1] / positions[-1]))


def damages_at(curve: Curve | None, share: float) -> dict[str, float]:
    """Return the damages at one share removed; NaN without a curve."""
    if share <= 0:
        return dict(NOTHING)
    if curve is None:
        return dict.fromkeys(DAMAGES, math.nan)
    return interpolate_damages(curve, [share])[0]


def curve_key(name: str, choice: Choice, goal: Goal) -> CurveKey:
    """Return the key of the curve on which ``choice`` of subject ``name`` lies."""
    seed = goal.seed if is_control(choice.criterion) else 0
    return CurveKey(name, choice.method, goal.recovery, seed)
