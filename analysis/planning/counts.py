"""How many weights or units a sparsity removes: decided here, for masks and previews alike."""

from collections.abc import Iterable
from typing import Final

from analysis.planning.plan import Choice
from analysis.study import Manifest, sparsity

UNITS: Final = ("channel", "head")
"""Granularities at which units leave; at the others weights become zero."""

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


def removed_units(units: int, fraction: float) -> int:
    """Return how many of ``units`` the sparsity ``fraction`` removes; one always stays.

    >>> removed_units(16, 0.5), removed_units(16, 1), removed_units(16, 0.02)
    (8, 15, 0)
    """
    return min(removed_count(units, fraction), units - 1)


def unit_sparsities(units: int, fractions: Iterable[float]) -> tuple[float, ...]:
    """Return the sparsities that exist among ``fractions``: ``removed / units``, each once.

    Fractions too small to remove one unit are left out: where nothing is removed, there is
    nothing to measure.

    >>> unit_sparsities(4, (0.1, 0.2, 0.25, 0.5))
    (0.25, 0.5)
    """
    counts = sorted({removed_units(units, fraction) for fraction in fractions} - {0})
    return tuple(sparsity(count / units) for count in counts)


def real_sparsity(manifest: Manifest, subject: str, choice: Choice) -> float:
    """Return the sparsity that ``choice`` comes to: units are whole, and one always stays."""
    if choice.granularity not in UNITS:
        return choice.sparsity
    units = manifest.group(subject).units
    return sparsity(removed_units(units, choice.sparsity) / units)
