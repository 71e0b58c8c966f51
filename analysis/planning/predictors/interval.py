"""How far a prediction may be off: from how far it was off on this study's verified plans.

A plan that loses more is predicted less exactly, so errors are compared as
``|predicted − measured| / (predicted + one point)``. Below a point errors hardly shrink any more:
which samples flip is chance, and some do where nothing is lost.

With nine or more verified plans the half-width is split-conformal: of ``K`` such errors the
``⌈(K + 1) · 0.9⌉``-th smallest, times the new plan's own denominator. It covers nine plans of ten
when the new plan is drawn like the verified ones. The errors are those of leaving out one plan at
a time, so every one was made without knowing its plan. With fewer plans no such rank exists; then
the errors count as normal with mean 0, whose half-width is Student's quantile times their root
mean square: very wide for one plan, as it should be.

Source: Vovk et al. 2005; Papadopoulos et al. 2008 (normalised); Barber et al. 2021 (jackknife+,
arXiv 1905.02928) for leaving out one at a time. The denominator is SCIENCE 2.4's, with a whole
point in place of a quarter, with which plans that lose next to nothing were covered too rarely.
"""

import math
from collections.abc import Sequence
from typing import Final

from scipy import stats

COVERAGE: Final = 0.9
SLACK: Final = 0.01
"""One point, added to the predicted drop."""


def normaliser(predicted: float) -> float:
    """Return what an error at the ``predicted`` drop is divided by."""
    return max(predicted, 0.0) + SLACK


def half_width(errors: Sequence[float], predicted: float) -> float | None:
    """Return the half-width around ``predicted``; None without errors.

    Args:
        errors: ``|predicted − measured| / normaliser(predicted)`` of verified plans.
        predicted: The new plan's drop.

    >>> round(half_width([0.1] * 8 + [0.2], 0.09), 9)
    0.02
    """
    found = quantile(errors)
    return None if found is None else found * normaliser(predicted)


def quantile(errors: Sequence[float]) -> float | None:
    """Return what nine in ten further errors will not exceed; None without errors."""
    if not errors:
        return None
    rank = math.ceil((len(errors) + 1) * COVERAGE)
    if rank <= len(errors):
        return sorted(errors)[rank - 1]
    spread = math.sqrt(math.fsum(error**2 for error in errors) / len(errors))
    return float(stats.t.ppf(0.5 + COVERAGE / 2, len(errors))) * spread
