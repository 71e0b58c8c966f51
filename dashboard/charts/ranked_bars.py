"""Bars beside names, the first on top: for reading from afar."""

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from prunescope.charts.colours import palette
from prunescope.text import plain

_ROW = 56


@dataclass(frozen=True)
class Bar:
    """One bar.

    Attributes:
        name: Of the layer or group.
        value: As shown.
        half: Half of its interval, as shown; 0 without.
    """

    name: str
    value: float
    half: float = 0.0


def ranked_bars(bars: Sequence[Bar], across: str, dark: bool) -> go.Figure:
    """Return ``bars`` from top to bottom, over an axis called ``across``."""
    names = [plain.mark(bar.name) for bar in bars]
    figure = go.Figure(
        go.Bar(
            y=names, x=[bar.value for bar in bars], orientation="h", name="",
            marker={"color": palette(dark)[0]},
            error_x={"array": [bar.half for bar in bars], "thickness": 2}
            if any(bar.half for bar in bars) else None,
        )
    )  # fmt: skip
    figure.update_layout(
        height=110 + _ROW * len(bars), margin={"l": 8, "r": 8, "t": 8, "b": 8}, bargap=0.3
    )
    figure.update_xaxes(title=plain.mark(across), rangemode="tozero")
    figure.update_yaxes(
        autorange="reversed", type="category", automargin=True, showgrid=False,
        categoryorder="array", categoryarray=names,
    )  # fmt: skip
    return figure
