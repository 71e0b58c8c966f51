"""Which units of one group stay and which leave, in the order of the network."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import plotly.graph_objects as go

from prunescope.arrays import Flags
from prunescope.charts.colours import palette

_LEAVE: Final = ("#D9DFE6", "#3A444F")
"""Light, dark: nearer to the ground than what stays, and apart from it for every eye."""
_ACROSS: Final = 64
"""Units in a row: half a page's width gives each five pixels or more."""
_ROW: Final = 14
_ONE_ROW: Final = 30
_AROUND: Final = 104
_GAP: Final = 6
"""Pixels between the cells and the legend, whose ground would cover them."""


def strip_figure(removed: Flags, unit: str, dark: bool, about: Sequence[str] = ()) -> go.Figure:
    """Return a cell for each unit, row by row as a text is read.

    Args:
        removed: ``(units,)``, True where a unit leaves, in the dense network's order.
        unit: What it is called, such as ``channel``.
        dark: Whether the page is dark.
        about: What else a hover text says of each unit; empty for nothing.
    """
    units = len(removed)
    across = min(units, _ACROSS)
    rows = -(-units // across)
    cells = np.full(rows * across, np.nan)
    cells[:units] = removed
    said = [f"{unit} {i} of {units}: {'leaves' if gone else 'stays'}"
            for i, gone in enumerate(removed)]  # fmt: skip
    if about:
        said = [f"{text}<br>{more}" for text, more in zip(said, about, strict=True)]
    said += [""] * (len(cells) - units)
    stays, leaves = palette(dark)[0], _LEAVE[dark]
    figure = go.Figure(
        go.Heatmap(
            z=cells.reshape(rows, across), text=np.array(said).reshape(rows, across),
            x0=0, dx=1, y0=0, dy=1, zmin=0, zmax=1, xgap=1, ygap=1,
            colorscale=[[0, stays], [1, leaves]], showscale=False, hoverongaps=False,
            hovertemplate="%{text}<extra></extra>",
        )
    )  # fmt: skip
    gone = int(removed.sum())
    for name, colour in ((f"{units - gone} stay", stays), (f"{gone} leave", leaves)):
        figure.add_trace(
            go.Scatter(
                x=[None], y=[None], mode="markers", name=name, hoverinfo="skip",
                marker={"color": colour, "symbol": "square", "size": 10},
            )
        )  # fmt: skip
    drawn = _ONE_ROW if rows == 1 else _ROW * rows
    figure.update_layout(
        height=_AROUND + drawn, uirevision="same",
        margin={"l": 8, "r": 8, "t": 8, "b": 8}, showlegend=True,
        legend={"orientation": "h", "yanchor": "bottom", "y": 1 + _GAP / drawn, "x": 0,
                "itemclick": False, "itemdoubleclick": False},
    )  # fmt: skip
    title = f"{unit.capitalize()}, by index" if rows == 1 else f"{unit.capitalize()}, row + column"
    figure.update_xaxes(
        title=title, showgrid=False, zeroline=False, range=[-0.5, across - 0.5], fixedrange=True
    )
    marked = list(range(0, rows, max(1, rows // 4)))
    figure.update_yaxes(
        showgrid=False, zeroline=False, range=[rows - 0.5, -0.5],
        showticklabels=rows > 1, automargin=True, fixedrange=True,
        tickvals=marked, ticktext=[str(row * across) for row in marked], ticks="",
    )  # fmt: skip
    return figure
