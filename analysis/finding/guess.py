"""Where a curve crosses the limit, as far as it is known. Torch-free."""

from collections.abc import Mapping, Sequence

import numpy as np

from prunescope.arrays import Floats
from prunescope.finding.law import Law
from prunescope.finding.stratified import Seen

_LEAST = 1e-9
_STEEP = 1.6
"""How the logarithm of a divergence grows with that of s/(1-s), before two points are measured."""
_NEARLY = 0.05
"""Deviation of an interpolated logarithm of the divergence, for each step of the grid."""


def predicted(
    curve: int, sparsities: Sequence[float], seen: Mapping[int, Seen], law: Law, scale: float = 1.0
) -> Floats:
    """Return the drop that is expected at each sparsity, ``(n,)``.

    Between measured points the divergence is interpolated, and the law makes a drop of it; where a
    point is measured, both are weighed by what they are worth.

    Args:
        curve: Its number in the law.
        sparsities: Rising, 0 to 1.
        seen: Measured points by their place in ``sparsities``; at least one.
        law: Of the network.
        scale: How far one sample's score may change.
    """
    places = sorted(seen)
    logits = np.array([_logit(s) for s in sparsities])
    known = np.array([np.log(max(seen[p].divergence, _LEAST)) for p in places])
    known = np.maximum.accumulate(known)
    divergences = _interpolated(logits, logits[places], known)
    means, deviations = law.log_drops(curve, divergences)
    drops = np.exp(np.minimum(means, np.log(scale)))
    for place in places:
        prior, own = drops[place], drops[place] * deviations[place]
        measured, error = seen[place].drop, seen[place].deviation(scale)
        trust = own**2 / (own**2 + error**2)
        drops[place] = trust * measured + (1 - trust) * prior
    return drops


def last_within(drops: Floats, limit: float) -> int:
    """Return the place before the first of ``drops`` past ``limit``, -1 if that is the first.

    >>> last_within(np.array([0.0, 0.01, 0.03, 0.01]), 0.02)
    1
    """
    past = np.flatnonzero(drops > limit)
    return int(past[0]) - 1 if len(past) else len(drops) - 1


def _interpolated(at: Floats, places: Floats, values: Floats) -> Floats:
    """Piecewise linear, with the outer slopes going on beyond the first and the last."""
    if len(places) == 1:
        return np.asarray(values[0] + _STEEP * (at - places[0]), np.float64)
    inside = np.interp(at, places, values)
    first = max((values[1] - values[0]) / (places[1] - places[0]), 0.5)
    last = max((values[-1] - values[-2]) / (places[-1] - places[-2]), 0.5)
    inside = np.where(at < places[0], values[0] + first * (at - places[0]), inside)
    return np.where(at > places[-1], values[-1] + last * (at - places[-1]), inside)


def _logit(sparsity: float) -> float:
    bounded = min(max(sparsity, 1e-4), 1 - 1e-4)
    return float(np.log(bounded / (1 - bounded)))
