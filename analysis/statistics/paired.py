"""Paired intervals of a mean difference. Torch-free."""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

CONFIDENCE: Final = 0.95


@dataclass(frozen=True)
class Interval:
    """A mean with its two-sided interval, ``low <= mean <= high``."""

    mean: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Half of the interval's width."""
        return (self.high - self.low) / 2


def normal_quantile(share: float) -> float:
    """Return the value that a standard normal variable stays below with probability ``share``.

    The standard library's: ``scipy.stats`` takes a second to import, which every command and page
    would wait for.

    >>> round(normal_quantile(0.975), 4)
    1.96
    """
    return NormalDist().inv_cdf(share)


def paired_interval(
    samples: int,
    total: float,
    squares: float,
    confidence: float = CONFIDENCE,
    scale: float = 1.0,
) -> Interval:
    """Return the mean of paired differences with its interval over images like these.

    The differences ``d`` are dense score minus pruned score of the same sample, in [-1, 1] for
    scores from 0 to 1. Half a disagreement each way and one agreement each way are added to the
    counts for the width (not for the mean), so that the interval has a width even without any
    disagreement. For scores of another scale, known by ``scale`` or recognised by the squares, a
    disagreement counts as the mean square (as ``scale`` squared where no sample changed), and
    nothing is clipped.

    Args:
        samples: Number of pairs.
        total: Sum of the differences.
        squares: Sum of the squared differences.
        confidence: Coverage, 0 to 1.
        scale: How far one sample may change, as from ``Manifest.scale``: 1 for scores from 0 to 1.

    Source: Agresti and Min 2005 (Statistics in Medicine 24), the adjusted Wald interval for
    matched pairs; here its width is put around the plain mean and clipped to [-1, 1].

    >>> paired_interval(100, 0.0, 0.0).high > 0.01
    True
    """
    if samples <= 0:
        return Interval(math.nan, -scale, scale)
    mean = total / samples
    n = samples + 2
    weight = max(1.0, squares / samples) if scale == 1 else squares / samples or scale**2
    variance = max((squares + weight) / n - (total / n) ** 2, 0.0)
    half = normal_quantile(0.5 + confidence / 2) * math.sqrt(variance / n)
    if squares > samples or scale != 1:
        return Interval(mean, mean - half, mean + half)
    return Interval(mean, max(mean - half, -1.0), min(mean + half, 1.0))
