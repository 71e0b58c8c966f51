"""Intervals that hold at every look while a sweep goes on, without replacement. Torch-free.

They are about the mean over the whole validation split; once every sample is seen they have no
width. For the mean over other samples of the same kind see ``prunescope.statistics.paired``.

A curve is looked at when a chunk ends, and chunks grow, so there are few looks: the error rate of
the whole sequence is divided among these (``statistics.boundary_crossing``). The last look needs
none of it.
"""

from typing import Final

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from prunescope.arrays import Floats
from prunescope.statistics.boundary_crossing import boundary
from prunescope.statistics.paired import CONFIDENCE, normal_quantile

_ONE_SIDE: Final = 3
_BOTH_SIDES: Final = 6

_SKEWED: Final = 24
"""Samples that count as one degree of freedom where a few large values make the mean."""


def quantiles(
    samples: ArrayLike, population: ArrayLike, confidence: float = CONFIDENCE, family: int = 1
) -> Floats:
    """Return how many standard errors wide each look's interval is, to each side.

    Args:
        samples: Evaluated so far, one entry per curve point.
        population: Samples there are, likewise.
        confidence: That the whole sequence covers, 0 to 1.
        family: How many sequences have to cover together (Bonferroni).
    """
    seen, sizes = np.broadcast_arrays(np.asarray(samples, int), np.asarray(population, int))
    error = (1 - confidence) / family
    pairs, positions = np.unique(
        np.stack([seen.ravel(), sizes.ravel()]), axis=1, return_inverse=True
    )
    widths = np.array([_width(int(n), int(size), error) for n, size in pairs.T])[
        np.ravel(positions)
    ]
    return np.asarray(widths.reshape(seen.shape), np.float64)


def drop_half_widths(
    samples: ArrayLike,
    population: ArrayLike,
    total: ArrayLike,
    squares: ArrayLike,
    confidence: float = CONFIDENCE,
    family: int = 1,
    scale: float = 1.0,
) -> Floats:
    """Return the half-widths of the mean drop's confidence sequence at these looks.

    ``sqrt(1 - n/N) (z sqrt(n v + w) + w (z^2 - 1)/s + w/2) / n`` for ``n`` of ``N`` differences of
    variance ``v``: the normal interval for sampling without replacement, with the terms by which
    the exact limit of a rare count passes it (Cornish and Fisher's expansion of the gamma
    quantile), so that it also holds where few or no samples changed. ``w`` is 1 for scores from 0
    to 1; for others the square of ``scale``, or the mean square where that is more. ``s`` is 3 for
    the upper limit alone; a rare count is missed on the other side less often than a normal one,
    so 6 keeps the error of both sides together (by simulation, which the tests repeat). In a
    family each sequence errs far out, where just one side is left: 3. Never wider than what the
    samples not yet seen can do.

    Args:
        samples: Evaluated so far; 0 gives ``scale``, and all give 0.
        population: Samples there are.
        total: Sums of the differences (dense minus pruned, in [-1, 1] for scores from 0 to 1).
        squares: Sums of their squares.
        confidence: That the whole sequence covers, 0 to 1.
        family: How many sequences have to cover together.
        scale: How far one sample may change, known before any is seen: 1 for scores from 0 to 1,
            the largest dense score of others (``Baseline.scale``).

    >>> drop_half_widths([64, 100], 100, 0.0, 0.0).round(2).tolist()
    [0.03, 0.0]
    """
    n, size, sums, squared = np.broadcast_arrays(
        *(np.asarray(values, float) for values in (samples, population, total, squares))
    )
    counted = np.maximum(n, 1)
    z = quantiles(n, size, confidence, family)
    # One sample is added as if it had changed, so that small counts are not certain.
    weight = np.maximum(scale**2, squared / counted)
    spread = np.maximum(squared - sums**2 / counted, 0.0) + weight
    skewed = (z**2 - 1) / (_ONE_SIDE if family > 1 else _BOTH_SIDES)
    correction = np.sqrt(weight) * (skewed + 0.5)
    half = np.sqrt(1 - n / size) * (z * np.sqrt(spread) + correction) / counted
    # What is not seen yet changes the mean by at most its share, for scores from 0 to 1.
    bounded = np.abs(sums) / counted * (1 - n / size) + (size - n) / size
    is_bounded = (squared <= counted) & (scale == 1)
    half = np.where(is_bounded, np.minimum(half, bounded), half)
    return np.asarray(np.where(n <= 0, scale, np.where(n >= size, 0.0, half)), np.float64)


def mean_half_widths(
    samples: ArrayLike,
    population: ArrayLike,
    total: ArrayLike,
    squares: ArrayLike,
    confidence: float = CONFIDENCE,
    family: int = 1,
) -> Floats:
    """Return the half-widths for a mean without bounds: cross-entropy change or divergence.

    ``t s sqrt((1 - n/N)/n)`` with Student's quantile ``t`` at ``n/24`` degrees of freedom, a margin
    for the skewed sums that these are. Asymptotic: where a handful of samples carries most of the
    sum it is too narrow at first; the drop's sequence is the one to decide by. NaN below two
    samples and where the sums are NaN.
    """
    n, size, sums, squared = np.broadcast_arrays(
        *(np.asarray(values, float) for values in (samples, population, total, squares))
    )
    z = quantiles(n, size, confidence, family)
    z = -special.stdtrit(np.maximum(n / _SKEWED, 1), special.ndtr(-z))
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = np.maximum(squared - sums**2 / n, 0.0) / (n - 1)
        half = z * np.sqrt(variance * (1 - n / size) / n)
    defined = (n >= 2) & ~np.isnan(sums)
    return np.asarray(np.where(defined, np.where(n >= size, 0.0, half), np.nan), np.float64)


def _width(samples: int, population: int, error: float) -> float:
    """Standard errors at the look at ``samples``; between looks, one sample's share of the error
    of the look that follows.
    """
    if samples >= population:
        return -normal_quantile(error / 2)
    widths = boundary(population, error)
    if samples in widths or not widths:
        return widths.get(samples, -normal_quantile(error / 2))
    edges = [0, *widths, population]
    look = next(i for i, end in enumerate(edges) if samples <= end) if samples > 0 else 1
    share = len(widths) * max(edges[look] - edges[look - 1], 1)
    return -normal_quantile(error / share / 2)
