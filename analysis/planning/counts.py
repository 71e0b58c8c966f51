"""How many weights or units a sparsity removes: decided here, for masks and previews alike."""

from typing import Final

from analysis.study import sparsity

_UNIT: Final = 10_000  # sparsities have four digits, so the product below stays in whole numbers


def removed_count(total: int, fraction: float) -> int:
    """Return how many of ``total`` weights or units the sparsity ``fraction`` removes.

    ``total * fraction`` rounded to the nearest whole number, halves up, in exact arithmetic: 0
    removes none, 1 removes all, and the count never falls when the sparsity rises.

    Args:
        total: Weights or units that there are, 0 or more.
        fraction: Sparsity, 0 to 1, taken to four digits as everywhere.

    Raises:
        BadValue: ``fraction`` is no sparsity.

    >>> removed_count(10, 0.25), removed_count(3, 0.1), removed_count(5, 0.3)
    (3, 0, 2)
    """
    parts = round(sparsity(fraction) * _UNIT)
    return (2 * total * parts + _UNIT) // (2 * _UNIT)
