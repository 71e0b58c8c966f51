"""Sparsity and method: the words that keys, files and people share. Torch-free."""

import math
from dataclasses import dataclass
from typing import Final, Self

from prunescope.errors import BadValue, UnknownName

GRANULARITIES: Final = ("weight", "channel", "head")
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
    found: set[float] = set()
    for part in text.split(","):
        pieces = part.strip().split(":")
        if len(pieces) == 1:
            found.add(sparsity(pieces[0]))
        elif len(pieces) == 3:
            first, last, step = (sparsity(piece) for piece in pieces)
            if step == 0 or last < first:
                raise BadValue(
                    f"Expected a range first:last:step that ascends, but got {part!r}. "
                    "Write for example 0.1:0.9:0.1."
                )
            count = math.floor((last - first) / step + 1e-6)
            found.update(sparsity(first + step * index) for index in range(count + 1))
        else:
            raise BadValue(
                f"Expected sparsities like 0.5,0.7 or 0.1:0.9:0.1, but got {part!r}. "
                "Write first:last:step."
            )
    return tuple(sorted(found))


SHUFFLED: Final = "shuffled-"
"""Before the name of the criterion that a control shuffles."""


def is_control(criterion: str) -> bool:
    """Return whether ``criterion`` draws at random, so that others are compared with it.

    Controls are measured with several seeds and never chosen for a plan by themselves.

    >>> is_control("random"), is_control("shuffled-magnitude"), is_control("magnitude")
    (True, True, False)
    """
    return criterion == "random" or criterion.startswith(SHUFFLED)


@dataclass(frozen=True)
class Pattern:
    """Of every ``of`` weights along an input dimension, ``kept`` stay."""

    kept: int
    of: int

    @property
    def sparsity(self) -> float:
        """The only one that the pattern has."""
        return sparsity(1 - self.kept / self.of)


def pattern_of(granularity: str) -> Pattern | None:
    """Return the pattern that ``n:m`` means, or None for ``weight``, ``channel`` and ``head``.

    Raises:
        UnknownName: None of them.
        BadValue: A pattern that keeps nothing, or all.

    >>> pattern_of("2:4")
    Pattern(kept=2, of=4)
    """
    if granularity in GRANULARITIES:
        return None
    parts = granularity.split(":")
    if len(parts) != 2 or not all(map(str.isdecimal, parts)):
        raise UnknownName.among("granularity", granularity, (*GRANULARITIES, "2:4", "4:8"))
    kept, of = map(int, parts)
    if not 0 < kept < of:
        raise BadValue(
            f"Expected a pattern n:m that keeps n of every m weights, n from 1 to m - 1, but got "
            f"{granularity!r}. Write 2:4."
        )
    return Pattern(kept, of)


@dataclass(frozen=True, order=True)
class Method:
    """A criterion at a granularity, written ``taylor`` (weights) or ``taylor@channel``."""

    criterion: str
    granularity: str = "weight"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the method that ``text`` names; the criterion itself is checked by the engine.

        >>> Method.parse("l1@channel")
        Method(criterion='l1', granularity='channel')
        """
        criterion, _, granularity = text.strip().partition("@")
        granularity = granularity or "weight"
        pattern_of(granularity)
        return cls(criterion, granularity)

    def __str__(self) -> str:
        if self.granularity == "weight":
            return self.criterion
        return f"{self.criterion}@{self.granularity}"


def parse_methods(text: str) -> tuple[Method, ...]:
    """Return the methods of a comma-separated list, without repetition, in its order."""
    found = tuple(dict.fromkeys(Method.parse(part) for part in text.split(",") if part.strip()))
    if not found:
        raise BadValue(
            f"Expected methods like magnitude,taylor, but got {text!r}. Name at least one."
        )
    return found


def _fraction(percent: str) -> float | None:
    """What ``percent`` means as a fraction, or None when it is no percentage."""
    try:
        fraction = float(percent.rstrip("% ")) / 100
    except ValueError:
        return None
    return fraction if 0 <= fraction <= 1 else None
