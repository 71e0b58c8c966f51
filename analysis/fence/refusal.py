"""Why a file is not opened, and where in it the reason stands."""

from typing import Final, Self

_SHOWN: Final = 80
"""Letters of a foreign value that a sentence shows."""
_PLACES: Final = 8


class Refusal(Exception):
    """Something in a file that is not known to be plain data; the container makes it a sentence.

    Attributes:
        reason: What is wrong, to follow "but".
        damage: Whether it is more likely damage than intent.
    """

    def __init__(self, reason: str, *, damage: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.damage = damage
        self._places: list[str] = []

    def within(self, place: str | int) -> Self:
        """Return the refusal, seen from one level further out."""
        self._places.append(f"[{place}]" if isinstance(place, int) else f".{place}"[:_SHOWN])
        return self

    @property
    def place(self) -> str:
        """The path to the value, such as ``graph.nodes[3].target``; empty for the whole."""
        parts = list(reversed(self._places))
        if len(parts) > _PLACES:
            parts = [*parts[:3], ".…", *parts[-4:]]
        return "".join(parts).lstrip(".")


def quoted(value: object) -> str:
    """Return ``value`` as a sentence shows it: its repr, on one line and not long.

    >>> quoted("s0 + 1"), len(quoted("a" * 1000))
    ("'s0 + 1'", 83)
    """
    if isinstance(value, str):
        return repr(value[:_SHOWN] + "…" * (len(value) > _SHOWN))
    text = repr(value)
    return text[:_SHOWN] + "…" * (len(text) > _SHOWN)
