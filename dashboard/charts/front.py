"""The trade-off: score against a cost, predicted plans apart from measured ones."""

import math
from typing import Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from prunescope.charts.colours import QUIET, faint, palette

_NAMES: Final = {
    "front": "Front, predicted", "saved": "Saved, predicted", "measured": "Measured plans",
    "draft": "This plan, predicted", "now": "This plan, measured",
}  # fmt: skip
_SYMBOLS: Final = {
    "front": "circle-open", "saved": "square-open", "measured": "diamond", "draft": "star-open",
    "now": "star",
}  # fmt: skip

_NEAR: Final = 0.1
"""Drop that is in view whatever this plan loses: ten points."""


def front_figure(
    points: pd.DataFrame, cost: str, score: str, baseline: float, dark: bool,
    recovered: float | None = None,
) -> go.Figure:  # fmt: skip
    """Return score over cost, both in percent: the front as a line of hollow marks with its band.

    Args:
        points: As in ``prunescope.dashboard.tables.front.Shown.points``.
        cost: What the horizontal axis is.
        score: What the score is called.
        baseline: Dense score, 0 to 1.
        dark: Whether the page is dark.
        recovered: Dense score after the front's recovery, drawn too where it is another one.
    """
    colours = palette(dark)
    figure = go.Figure()
    front = points[(points["kind"] == "front") & points["score"].notna()].sort_values("share")
    if len(front):
        figure.add_trace(
            go.Scatter(
                x=100 * np.concatenate([front["share"], front["share"][::-1]]),
                y=100 * np.concatenate([front["high"], front["low"][::-1]]),
                fill="toself", fillcolor=faint(colours[0], 0.12), line={"width": 0},
                mode="lines", hoverinfo="skip", showlegend=False,
            )
        )  # fmt: skip
    styles = {"front": colours[0], "saved": colours[4], "measured": colours[1]}
    for kind, colour in styles.items():
        rows = front if kind == "front" else points[points["kind"] == kind]
        if len(rows):
            figure.add_trace(_marks(rows, kind, colour))
    own = points[points["kind"].isin(("draft", "now")) & points["score"].notna()]
    if len(own):
        figure.add_trace(_marks(own, str(own["kind"].iloc[0]), colours[2]))
    lines = {"dense": baseline}
    if recovered is not None and not math.isclose(recovered, baseline):
        lines["dense, recovered"] = recovered
    for place, (label, height) in zip(("top left", "top right"), lines.items(), strict=False):
        figure.add_hline(
            100 * height, line={"color": QUIET, "width": 1}, annotation_text=label,
            annotation_position=place, annotation_font={"color": QUIET, "size": 11},
        )  # fmt: skip
    figure.update_layout(
        height=380, margin={"l": 8, "r": 8, "t": 8, "b": 8}, hovermode="closest",
        clickmode="event+select", dragmode=False, uirevision=cost,
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.01, "x": 0, "title": None},
    )  # fmt: skip
    figure.update_xaxes(title=f"{cost}, % of the dense network", showgrid=False, zeroline=False)
    figure.update_yaxes(title=f"{score}, %", zeroline=False, automargin=True)
    span = _span(points, own, baseline)
    best = max([*lines.values(), *own["score"]])  # a gain is in view
    figure.update_yaxes(range=[100 * (baseline - span), 100 * (best + 0.12 * span)])
    return figure


def _span(points: pd.DataFrame, own: pd.DataFrame, baseline: float) -> float:
    """How far below the dense score the chart reaches: past this plan, not to the worst one."""
    worst = baseline - float(points["score"].min()) if points["score"].notna().any() else 0.0
    here = baseline - float(own["score"].min()) if len(own) else 0.0
    return max(min(1.1 * worst, max(2.5 * here, _NEAR)), 0.02)


def _marks(rows: pd.DataFrame, kind: str, colour: str) -> go.Scatter:
    error = None
    if kind in ("measured", "draft", "now"):
        error = {
            "type": "data", "symmetric": False, "array": 100 * (rows["high"] - rows["score"]),
            "arrayminus": 100 * (rows["score"] - rows["low"]), "thickness": 1, "width": 3,
        }  # fmt: skip
    return go.Scatter(
        x=100 * rows["share"], y=100 * rows["score"], name=_NAMES[kind],
        mode="lines+markers" if kind == "front" else "markers",
        line={"color": colour, "width": 1.5}, error_y=error,
        marker={
            "size": 15 if kind in ("draft", "now") else 9, "color": colour,
            "symbol": _SYMBOLS[kind],
            "line": {"width": 1.5, "color": colour},
        },
        customdata=rows[["digest", "name", "low", "high"]].to_numpy(),
        hovertemplate="<b>%{customdata[1]}</b><br>cost %{x:.1f} %<br>score %{y:.2f} %"
        " (%{customdata[2]:.2%} to %{customdata[3]:.2%})<extra>" + _NAMES[kind] + "</extra>",
    )  # fmt: skip
