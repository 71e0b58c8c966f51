"""What the granularities are called on the pages, how tall tables are, and their small curves."""

from collections.abc import Iterable
from typing import Final

import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from prunescope.text.scores import ScoreWords

WORDS: Final = {
    "weight": "Weights become zero",
    "n:m": "n of m weights stay",
    "channel": "Channels leave",
    "head": "Heads leave",
    "block": "Blocks leave",
}
_ROW: Final = 33
_CELL: Final = 22
"""Pixels of a cell around its text."""
_LETTER: Final = 7.2
"""Pixels of an average letter of a table."""


def height(rows: int, most: int = 460) -> int:
    """Return the pixels that a table of ``rows`` takes, its head counted, at most ``most``."""
    return min(_ROW * (rows + 1) + 3, most)


def curve_column(
    title: str, about: str, ends: tuple[float, float], words: ScoreWords
) -> ColumnConfig:
    """Return the column that draws ``tables.layers.drops``, all rows in one range.

    Args:
        title: Of the column.
        about: What is drawn.
        ends: Lowest and highest drop, as from ``tables.layers.measured_range``.
        words: Of the study's metric.
    """
    return st.column_config.LineChartColumn(
        title, width=64, y_min=ends[0], y_max=ends[1],
        help=f"{about} Every row is drawn from {words.shown_span(*ends)}.",
    )  # fmt: skip


def text_width(texts: Iterable[object], title: str, most: int = 300) -> int:
    """Return the pixels in which the longest of ``texts`` and the ``title`` stand uncut.

    Streamlit's own widths cut a name after some twelve letters; what is longer than ``most``
    scrolls within the table.
    """
    longest = max((len(str(text)) for text in [*texts, title]), default=0)
    return min(_CELL + round(_LETTER * longest), most)
