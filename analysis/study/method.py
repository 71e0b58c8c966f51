"""Method: a criterion at a granularity, and what each granularity means. Torch-free."""

from dataclasses import dataclass
from typing import Final, Literal, Self, get_args

from prunescope.errors import BadValue, UnknownName
from prunescope.study.sparsity import sparsity

Unit = Literal["channel", "head"]

BLOCK: Final = "block"
"""The granularity at which a whole residual branch leaves."""

UNITS: Final[tuple[str, ...]] = (*get_args(Unit), BLOCK)
"""Granularities at which units leave; at the others weights become zero."""

BYPASS: Final = "bypass"
"""The only criterion for blocks: a block is one unit, so there is no order to score."""

GRANULARITIES: Final = ("weight", *UNITS)

SHUFFLED: Final = "shuffled-"
"""Before the name of the criterion that a control shuffles."""


def is_control(criterion: str) -> bool:
    """Return whether ``criterion`` draws at random, so that others are compared with it.

    Controls are measured with several seeds and never chosen for a plan by themselves.

    >>> is_control("random"), is_control("shuffled-magnitude"), is_control("magnitude")
    (True, True, False)
    """
    return criterion == "random" or criterion.startswith(SHUFFLED)


def is_user_criterion(criterion: str) -> bool:
    """Return whether ``criterion`` is a function of the user's, by its reference.

    >>> is_user_criterion("mine.py:score"), is_user_criterion("magnitude")
    (True, False)
    """
    return ":" in criterion


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
    """Return the pattern that ``n:m`` means, or None for ``weight`` and units.

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


def is_single(granularity: str) -> bool:
    """Return whether there is one sparsity only: a pattern's own, or the whole of a block.

    >>> is_single("2:4"), is_single("block"), is_single("channel")
    (True, True, False)
    """
    return ":" in granularity or granularity == BLOCK


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
        >>> Method.parse("magnitude@channel")  # what units have of it is their L1 norm
        Method(criterion='l1', granularity='channel')
        >>> Method.parse("magnitude@block")  # a block leaves whole, so nothing is scored
        Method(criterion='bypass', granularity='block')
        >>> Method.parse("mine.py:score@2:4")
        Method(criterion='mine.py:score', granularity='2:4')
        """
        criterion, sign, granularity = text.strip().rpartition("@")
        if not sign or "/" in granularity or "." in granularity:  # a path may hold the sign
            criterion, granularity = text.strip(), ""
        if criterion == BYPASS and not granularity:
            granularity = BLOCK
        granularity = granularity or "weight"
        pattern_of(granularity)
        if criterion == "magnitude" and granularity in UNITS:
            criterion = BYPASS if granularity == BLOCK else "l1"
        return cls(criterion, granularity)

    def __str__(self) -> str:
        if self.granularity == "weight":
            return self.criterion
        return f"{self.criterion}@{self.granularity}"


def parse_methods(text: str) -> tuple[Method, ...]:
    """Return the methods of a comma-separated list, without repetition, in its order."""
    methods = tuple(dict.fromkeys(Method.parse(part) for part in text.split(",") if part.strip()))
    if not methods:
        raise BadValue(
            f"Expected methods like magnitude,taylor, but got {text!r}. Name at least one."
        )
    return methods
