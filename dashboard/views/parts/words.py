"""What the granularities are called on the pages, and how tall tables are."""

from typing import Final

WORDS: Final = {
    "weight": "Weights become zero",
    "n:m": "n of m weights stay",
    "channel": "Channels leave",
    "head": "Heads leave",
}
_ROW: Final = 33


def height(rows: int, most: int = 460) -> int:
    """Return the pixels that a table of ``rows`` takes, its head counted, at most ``most``."""
    return min(_ROW * (rows + 1) + 3, most)
