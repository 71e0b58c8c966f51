"""Tolerance limits of predictions, from the prediction errors on this study's verified plans.

A plan that loses more is predicted less exactly, so errors are compared as
``|predicted − measured| / (predicted + one point)``. Below a point errors hardly shrink any more:
which samples flip is chance, and some do where nothing is lost. The errors are those of leaving
out one plan at a time, so every one was made without knowing its plan.

The half-width is one that nine further plans in ten will not exceed, with a confidence of nine in
ten: a quantile of 16 errors alone would cover nine in ten on average only, in one study 97 % and in
the next 82 %. With ``K`` verified plans

    22 or more   the smallest r-th error for which P(Beta(r, K + 1 − r) ≥ 0.9) ≥ 0.9;
    fewer        no such r exists: the largest error, but at least what it would be of normal
                 errors with mean 0, their root mean square times z_0.95 √(K / χ²_0.1(K)):
                 very wide for one plan, as it should be.

No interval is smaller than nine in ten errors of the correction's own standard deviation: a few
plans that were predicted more exactly were luck.

It holds when the new plan is drawn like the verified ones.

Source: Vovk 2012 (arXiv 1209.2673), the training-conditional coverage of split-conformal
predictors, which is Wilks' tolerance limit of 1941; Papadopoulos et al. 2008 (normalised errors);
Barber et al. 2021 (jackknife+, arXiv 1905.02928) for leaving out one at a time. The denominator is
that of docs/science.md §2.4: a whole point instead of a quarter, with which plans that lose next to
nothing were covered too rarely.
"""

import math
from collections.abc import Sequence
from functools import cache
from typing import Final

from scipy import special

COVERAGE: Final = 0.9
SURENESS: Final = 0.9
NINE_IN_TEN: Final = float(special.ndtri(0.5 + COVERAGE / 2))
"""Standard deviations that nine in ten normal errors stay within."""

SLACK: Final = 0.01
"""One point, added to the predicted drop."""


def normaliser(predicted: float) -> float:
    """Return what an error at the ``predicted`` drop is divided by."""
    return max(predicted, 0.0) + SLACK


def half_width(errors: Sequence[float], predicted: float, deviation: float = 0.0) -> float | None:
    """Return the half-width around ``predicted``; None without errors.

    Args:
        errors: ``|predicted − measured| / normaliser(predicted)`` of verified plans.
        predicted: The new plan's drop.
        deviation: Standard deviation of its error, however well the verified ones were predicted.
    """
    tolerance = limit(errors)
    if tolerance is None:
        return None
    return max(tolerance * normaliser(predicted), NINE_IN_TEN * deviation)


def limit(errors: Sequence[float]) -> float | None:
    """Return what nine in ten further errors will not exceed, with a sureness of nine in ten.

    None without errors.

    >>> round(limit([0.1] * 20 + [0.3]), 2), limit([0.1] * 40 + [0.3])
    (0.3, 0.1)
    """
    if not errors:
        return None
    rank = _rank(len(errors))
    if rank is not None:
        return sorted(errors)[rank - 1]
    spread = math.sqrt(math.fsum(error**2 for error in errors) / len(errors))
    return max(*errors, _factor(len(errors)) * spread)


@cache
def _rank(count: int) -> int | None:
    """The tolerance limit's rank, or None where even the largest error is not sure enough."""
    for rank in range(math.ceil(COVERAGE * count), count + 1):
        if 1 - special.betainc(rank, count + 1 - rank, COVERAGE) >= SURENESS:
            return rank
    return None


@cache
def _factor(count: int) -> float:
    """The tolerance limit of normal errors, as a multiple of their root mean square."""
    least = 2 * special.gammaincinv(count / 2, 1 - SURENESS)  # of χ²
    return NINE_IN_TEN * math.sqrt(count / least)
