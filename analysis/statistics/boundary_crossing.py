"""Width, in standard errors, of intervals that all looks together cover as promised. Torch-free.

Means of ``n`` of ``N`` samples drawn without replacement are, in their standard errors, a Gaussian
sequence whose correlation between two looks is the root of the ratio of their information
``1/(1/n - 1/N)``: a Brownian motion seen at these times. Looks that lie close together err
together, so the sequence needs less than what Bonferroni gives to each of them. The crossing
probability is integrated from look to look (Armitage, McPherson and Rowe 1969); the shape lies
between Pocock's, the same at each look, and narrower late ones, where most points are settled.
"""

from functools import lru_cache
from typing import Final

import numpy as np
from scipy.special import ndtr

from prunescope.arrays import Floats
from prunescope.statistics.paired import normal_quantile
from prunescope.study.sample_order import looks

_SHAPE: Final = 0.05
"""Power of the samples by which later looks are narrower: 1.24 times from 64 to 4,871 samples."""
_CLOSE: Final = 1e-4
"""Halving finds the width: ``scipy.optimize`` takes longer to import than a first chunk."""
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)


@lru_cache(maxsize=256)
def boundary(population: int, error: float) -> dict[int, float]:
    """Return for each look before the last how many standard errors wide it is, to each side.

    Args:
        population: Samples there are.
        error: How often any look may miss.
    """
    seen = np.array([end for end in looks(max(population, 1)) if end < population], float)
    if not len(seen):
        return {}
    times = 1 / (1 / seen - 1 / population)
    shape = (seen / seen[-1]) ** -_SHAPE
    least, most = -normal_quantile(error / 2), -normal_quantile(error / len(seen) / 2)
    if len(seen) == 1:
        return {int(seen[0]): least}
    while most - least > _CLOSE:  # the crossing falls as the widths grow
        middle = (least + most) / 2
        least, most = (middle, most) if crossing(middle * shape, times) > error else (least, middle)
    return dict(zip(map(int, seen), (most * shape).tolist(), strict=True))


def crossing(widths: Floats, times: Floats) -> float:
    """Return how often a Brownian motion leaves ``widths`` standard deviations at any time.

    Args:
        widths: ``(looks,)`` positive.
        times: ``(looks,)`` rising variances.
    """
    ends = widths * np.sqrt(times)
    nodes = _NODES * ends[0]
    inside = _density(nodes, times[0]) * _WEIGHTS * ends[0]
    outside = 2 * ndtr(-widths[0])
    for before, now, end in zip(times, times[1:], ends[1:], strict=False):
        step = np.sqrt(now - before)
        outside += inside @ (ndtr((-end - nodes) / step) + ndtr((nodes - end) / step))
        reached = _NODES * end
        inside = (_density(reached[:, None] - nodes, now - before) @ inside) * _WEIGHTS * end
        nodes = reached
    return float(outside)


def _density(distance: Floats, variance: float) -> Floats:
    """The normal density of that variance."""
    return np.asarray(np.exp(-0.5 * distance**2 / variance) / np.sqrt(2 * np.pi * variance))
