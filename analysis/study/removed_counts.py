"""How many weights or units a sparsity removes: the one rule, for masks and previews alike."""

from collections.abc import Iterable
from typing import Final

from prunescope.study import GroupSummary, Manifest, sparsity
from prunescope.study.method import BLOCK, UNITS
from prunescope.study.plan import Choice

MULTIPLES: Final = (1, 4, 8, 16, 32)
"""Multiples of units that hardware is fast at; any other multiple is allowed too."""

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


def removed_units(units: int, fraction: float, multiple: int = 1) -> int:
    """Return how many of ``units`` the sparsity ``fraction`` removes; one always stays.

    Where what stays has to come in a ``multiple``, the count is lowered until it does: never more
    leaves than was asked. 0 means that the sparsity is too small, or the multiple too large, to
    remove anything.

    Args:
        units: That there are, 1 or more.
        fraction: Sparsity, 0 to 1.
        multiple: 1 or more.

    >>> removed_units(16, 0.5), removed_units(16, 1), removed_units(16, 0.02)
    (8, 15, 0)
    >>> removed_units(64, 0.3, 8), removed_units(20, 0.5, 8), removed_units(20, 0.5, 32)
    (16, 4, 0)
    """
    units_left = units - min(removed_count(units, fraction), units - 1)
    return units - min(-(-units_left // multiple) * multiple, units)


def units_removed(group: GroupSummary, fraction: float) -> int:
    """Return how many units of ``group`` the sparsity ``fraction`` removes.

    Of channels and heads one stays (``removed_units``); a block is one unit, and leaves whole.
    """
    if group.granularity == BLOCK:
        return int(fraction > 0)
    return removed_units(group.units, fraction)


def unit_sparsities(units: int, fractions: Iterable[float], multiple: int = 1) -> tuple[float, ...]:
    """Return the sparsities that exist among ``fractions``: ``removed / units``, each once.

    Fractions too small to remove one unit are left out: where nothing is removed, there is
    nothing to measure. So are those that four digits cannot tell from a count that is no
    ``multiple`` (groups of more than ten thousand units).

    >>> unit_sparsities(4, (0.1, 0.2, 0.25, 0.5))
    (0.25, 0.5)
    >>> unit_sparsities(20, (0.1, 0.5, 0.9), 8)
    (0.2, 0.6)
    """
    counts = {removed_units(units, fraction, multiple) for fraction in fractions} - {0}
    values = sorted({sparsity(count / units) for count in counts})
    return tuple(v for v in values if (units - removed_units(units, v)) % multiple == 0)


def smallest_sparsity(units: int, multiple: int = 1) -> float | None:
    """Return the smallest sparsity that removes anything, as ``removed / units``; None without.

    >>> smallest_sparsity(16), smallest_sparsity(20, 8), smallest_sparsity(6, 8)
    (0.0625, 0.2, None)
    """
    units_left = (units - 1) // multiple * multiple
    return sparsity((units - units_left) / units) if units_left > 0 else None


def real_sparsity(manifest: Manifest, subject: str, choice: Choice) -> float:
    """Return the sparsity that ``choice`` really has: units are whole, and one always stays."""
    if choice.granularity not in UNITS:
        return choice.sparsity
    group = manifest.group(subject)
    return sparsity(units_removed(group, choice.sparsity) / group.units)
