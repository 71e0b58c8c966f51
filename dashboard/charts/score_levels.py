"""How large one layer's weights or one group's units are, and which of them leave."""

from typing import Final

import numpy as np
import plotly.graph_objects as go

from prunescope.arrays import Floats
from prunescope.charts.colours import QUIET, palette

_BINS: Final = 48
_HEIGHT: Final = 190


def weights_figure(levels: Floats, removed: float, dark: bool) -> go.Figure:
    """Return the histogram of |w|: what is zeroed apart from what stays.

    Args:
        levels: |w| at equal steps of the share of weights below it, ``(steps,)``, ascending.
        removed: Share of the weights that the smallest are zeroed of; 0 draws the dense layer.
        dark: Whether the page is dark.
    """
    edges = np.linspace(0.0, float(levels[-1]) or 1.0, _BINS + 1)
    shares = np.linspace(0.0, 1.0, len(levels))
    below = np.interp(edges, levels, shares, left=0.0, right=1.0)
    gone = 100 * np.diff(np.minimum(below, removed))
    stays = 100 * np.diff(np.maximum(below, removed))
    middles = (edges[:-1] + edges[1:]) / 2
    figure = go.Figure()
    for name, heights, colour in (
        ("zeroed", gone, QUIET), ("kept", stays, palette(dark)[0]),
    ):  # fmt: skip
        if heights.any():
            figure.add_trace(
                go.Bar(
                    x=middles, y=heights, name=name, marker={"color": colour},
                    hovertemplate="|w| about %{x:.3g}: %{y:.2f} % of the weights"
                    f"<extra>{name}</extra>",
                )
            )  # fmt: skip
    _lay_out(figure, "|w|", "% of the weights")
    figure.update_layout(barmode="stack")
    return figure


def units_figure(levels: Floats, units: int, removed: int | None, dark: bool) -> go.Figure:
    """Return the units as a strip, smallest first, each as high as its L1 norm.

    Args:
        levels: L1 norm at equal steps of the share of units below it, ``(steps,)``, ascending.
        units: How many there are.
        removed: How many of the smallest leave; None where others than the smallest leave.
        dark: Whether the page is dark.
    """
    norms = np.interp(np.linspace(0.0, 1.0, units), np.linspace(0.0, 1.0, len(levels)), levels)
    gone = 0 if removed is None else removed
    figure = go.Figure()
    for name, first, last, colour in (
        ("leave", 0, gone, QUIET), ("stay", gone, units, palette(dark)[0]),
    ):  # fmt: skip
        if last > first:
            figure.add_trace(
                go.Bar(
                    x=np.arange(first + 1, last + 1), y=norms[first:last],
                    name="units" if removed is None else name, marker={"color": colour},
                    hovertemplate="place %{x}: L1 norm %{y:.3g}<extra></extra>",
                )
            )  # fmt: skip
    _lay_out(figure, "Units, smallest first", "L1 norm")
    figure.update_layout(bargap=0.1 if units <= 128 else 0.0)
    return figure


def _lay_out(figure: go.Figure, across: str, up: str) -> None:
    figure.update_layout(
        height=_HEIGHT, margin={"l": 8, "r": 8, "t": 8, "b": 8}, bargap=0.05, uirevision="same",
        showlegend=True, legend={"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0},
    )  # fmt: skip
    figure.update_xaxes(title=across, showgrid=False, zeroline=False)
    figure.update_yaxes(title=up, zeroline=False, automargin=True)
