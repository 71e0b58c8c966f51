"""Tolerance limits of errors: what further ones will not exceed, from a few that were seen.

The limit is one that nine further errors in ten will not exceed, with a confidence of nine in ten:
a quantile of 16 errors alone would cover nine in ten on average only, in one study 97 % and in the
next 82 %. With ``K`` errors

    22 or more   the smallest r-th error for which P(Beta(r, K + 1 − r) ≥ 0.9) ≥ 0.9;
    fewer        no such r exists: the largest error, but at least what it would be of normal
                 errors with mean 0, their root mean square times z_0.95 √(K / χ²_0.1(K)):
                 very wide for one error, as it should be.

It holds when the new errors are drawn like the ones seen.

Source: Vovk 2012 (arXiv 1209.2673), the training-conditional coverage of split-conformal
predictors, which is Wilks' tolerance limit of 1941; Barber et al. 2021 (jackknife+, arXiv
1905.02928) for errors of leaving out one at a time.
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
