"""Which part of a grid one of several machines measures. Torch-free."""

import re
from dataclasses import dataclass
from typing import Final, Self

from prunescope.errors import BadValue

_TEXT: Final = re.compile(r"(\d{1,6})/(\d{1,6})", re.ASCII)
_MOST: Final = 100_000


@dataclass(frozen=True)
class Shard:
    """Part ``place`` of ``count``, from 1 on; by default all there is.

    Raises:
        BadValue: No such part.
    """

    place: int = 1
    count: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.place <= self.count <= _MOST:
            raise BadValue(
                f"Expected a shard from 1/n to n/n with n at most {_MOST}, but got {self}. Give "
                "each machine another first number."
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the shard that ``text`` names.

        >>> Shard.parse("2/8")
        Shard(place=2, count=8)
        """
        match = _TEXT.fullmatch(text.strip())
        if match is None:
            raise BadValue(
                f"Expected a shard like 2/8 (the second of eight), but got {text[:40]!r}. Give two "
                "whole numbers."
            )
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.place}/{self.count}"


WHOLE: Final = Shard()
"""The grid in one piece."""
