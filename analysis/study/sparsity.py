"""Sparsity: the fraction removed, made and rounded in one place. Torch-free."""

import math
from typing import Final

from prunescope.errors import BadValue

_DIGITS: Final = 4


def sparsity(value: float | str) -> float:
    """Return ``value`` as a sparsity: the fraction removed, 0 to 1, rounded to four digits.

    The only place where sparsities are made, so that ``0.1 * 3`` and ``0.3`` are one key.

    Raises:
        BadValue: Not a number from 0 to 1; a percentage is named as such.

    >>> sparsity(0.1 * 3)
    0.3
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if 0 <= number <= 1:
        return round(abs(number), _DIGITS)  # abs: -0.0 is 0.0
    hint = "Write a fraction, such as 0.5 for half of the weights."
    fraction = _fraction(str(value))
    if fraction is not None:
        hint = f"Write a fraction instead of percent: {fraction:g}."
    raise BadValue(f"Expected sparsity to be a number from 0 to 1, but got {value!r}. {hint}")


def parse_sparsities(text: str) -> tuple[float, ...]:
    """Return the sparsities that ``text`` lists, ascending: ``0.5,0.7`` or ``0.1:0.9:0.1``.

    A range ``first:last:step`` includes its last value; lists and ranges can be mixed.

    >>> parse_sparsities("0.1:0.3:0.1,0.95")
    (0.1, 0.2, 0.3, 0.95)
    """
    values: set[float] = set()
    for part in text.split(","):
        pieces = part.strip().split(":")
        if len(pieces) == 1:
            values.add(sparsity(pieces[0]))
        elif len(pieces) == 3:
            first, last, step = (sparsity(piece) for piece in pieces)
            if step == 0 or last < first:
                raise BadValue(
                    f"Expected a range first:last:step that ascends, but got {part!r}. "
                    "Write for example 0.1:0.9:0.1."
                )
            count = math.floor((last - first) / step + 1e-6)
            values.update(sparsity(first + step * index) for index in range(count + 1))
        else:
            raise BadValue(
                f"Expected sparsities like 0.5,0.7 or 0.1:0.9:0.1, but got {part!r}. "
                "Write first:last:step."
            )
    return tuple(sorted(values))


def _fraction(percent: str) -> float | None:
    """What ``percent`` means as a fraction, or None when it is no percentage."""
    try:
        fraction = float(percent.rstrip("% ")) / 100
    except ValueError:
        return None
    return fraction if 0 <= fraction <= 1 else None
