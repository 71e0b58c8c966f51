"""What the granularities are called on the pages, how tall tables are, and their small curves."""

from typing import Final

import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

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


def curve_column(title: str, about: str) -> ColumnConfig:
    """Return the column that draws ``tables.layers.drops``; its range comes from each curve."""
    return st.column_config.LineChartColumn(title, width="small", help=about)
