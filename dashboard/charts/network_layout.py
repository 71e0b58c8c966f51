"""Where the nodes of a network stand: blocks as cards, in rows that are read like lines of text."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from prunescope.dashboard.charts.network_nodes import NetworkNode

WIDTH: Final = 1120.0
TALLEST: Final = 52.0
"""Of a layer's box."""
_FEW: Final = 48
"""Layers up to which every block is unfolded."""
_PADDING: Final = 8.0
_GAP: Final = 14.0


@dataclass(frozen=True)
class Placed:
    """A node and where it stands.

    Attributes:
        x: Of its middle.
        y: Of its middle.
        width: That is its own.
        row: Line of the picture.
        named: Whether its name stands under it; folded blocks have none.
    """

    x: float
    y: float
    width: float
    row: int
    named: bool


@dataclass(frozen=True)
class Card:
    """A block: a frame around neighbouring nodes.

    Attributes:
        title: Of the block, or ''.
        x: Of its left edge.
        width: Of the frame.
        row: Line of the picture.
        folded: Whether its layers are drawn without names.
    """

    title: str
    x: float
    width: float
    row: int
    folded: bool


@dataclass(frozen=True)
class Layout:
    """A picture's geometry.

    Attributes:
        nodes: In the order of the network.
        cards: From left to right, row after row.
        row_height: Distance between rows.
        height: Of all rows.
    """

    nodes: tuple[Placed, ...]
    cards: tuple[Card, ...]
    row_height: float
    height: float


def laid_out(nodes: Sequence[NetworkNode], chosen: str | None = None) -> Layout:
    """Return the places of ``nodes``.

    Args:
        nodes: In the order in which they run.
        chosen: The layer whose block is unfolded in a large network.
    """
    few = sum(node.layer for node in nodes) <= _FEW
    open_block = next((node.block for node in nodes if node.name == chosen and node.layer), None)
    row_height = 132.0
    placed: list[Placed] = []
    cards: list[Card] = []
    x, row = 0.0, 0
    for block, members in groupby(nodes, key=lambda node: node.block):
        named = few or block == open_block
        for part in _parts(list(members), named):
            widths = [_width(node, named) for node in part]
            width = max(sum(widths) + 2 * _PADDING, 6.6 * _letters(block, named) + 2 * _PADDING)
            if x and x + width > WIDTH:
                x, row = 0.0, row + 1
            cards.append(Card(block, x, width, row, not named))
            left = x + (width - sum(widths)) / 2
            for node, own in zip(part, widths, strict=True):
                middle = row * row_height + 68.0
                box = own - (10.0 if named else 3.0)
                placed.append(Placed(left + own / 2, middle, box, row, named and node.layer))
                left += own
            x += width + _GAP
    return Layout(tuple(placed), tuple(cards), row_height, (row + 1) * row_height)


def _parts(members: list[NetworkNode], named: bool) -> list[list[NetworkNode]]:
    """A block that is wider than the picture, cut into parts that are not."""
    parts: list[list[NetworkNode]] = [[]]
    used = 2 * _PADDING
    for node in members:
        own = _width(node, named)
        if parts[-1] and used + own > WIDTH:
            parts.append([])
            used = 2 * _PADDING
        parts[-1].append(node)
        used += own
    return parts


def _width(node: NetworkNode, named: bool) -> float:
    if not node.layer:
        return 54.0 if node.name in ("input", "output") else 26.0 if named else 12.0
    return 82.0 if named else 15.0


def _letters(title: str, named: bool) -> int:
    """How many letters of a block's title have room at least."""
    return min(len(title), 24 if named else 13)
