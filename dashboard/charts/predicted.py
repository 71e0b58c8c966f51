"""Predicted points beside measured ones: dashed in a dotted band, never a measured mark."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from prunescope.charts.colours import QUIET, faint
from prunescope.store.predicted_points import PredictedCurve
from prunescope.text import plain
from prunescope.text.scores import ScoreWords

DRAWN = ("score", "drop")
"""What predictions can be drawn as."""


def add_predicted(
    figure: go.Figure,
    curves: Sequence[PredictedCurve],
    colours: Mapping[str, str],
    baseline: float,
    vertical: str,
    words: ScoreWords,
) -> None:
    """Draw ``curves`` of one layer into ``figure``; nothing where it shows no scores or drops.

    Args:
        figure: As from ``prunescope.charts.curves.curves_figure``.
        curves: Of one layer.
        colours: Method → colour.
        baseline: Dense score, as stored.
        vertical: What the figure shows upwards.
        words: Of the study's metric.
    """
    if vertical not in DRAWN:
        return

    def height(drop: float) -> float:
        return words.shown(baseline - drop) if vertical == "score" else words.shown_drop(drop)

    for curve in curves:
        colour = colours.get(curve.points[0].criterion, QUIET)
        across = [0.0, *(100 * point.sparsity for point in curve.points)]
        low = [0.0, *(point.low for point in curve.points)]
        high = [0.0, *(point.high for point in curve.points)]
        name = f"{plain.mark(curve.method)}, predicted"
        figure.add_trace(
            go.Scatter(
                x=across + across[::-1],
                y=[height(drop) for drop in high + low[::-1]],
                fill="toself", fillcolor=faint(colour, 0.07), mode="lines",
                line={"width": 1, "color": faint(colour, 0.5), "dash": "dot"},
                hoverinfo="skip", showlegend=False, legendgroup=name,
            )
        )  # fmt: skip
        figure.add_trace(
            go.Scatter(
                x=across, y=[height(drop) for drop in (0.0, *(p.drop for p in curve.points))],
                name=name, mode="lines", legendgroup=name,
                line={"color": colour, "width": 1.5, "dash": "dash"},
                customdata=["dense", *(_said(point.drop, point.low, point.high, words)
                                       for point in curve.points)],
                hovertemplate="%{x:g} %: %{customdata}<extra>" + name + ", not measured</extra>",
            )
        )  # fmt: skip


def _said(drop: float, low: float, high: float, words: ScoreWords) -> str:
    return (
        f"about {words.drop(drop)} {words.loss_word}, {words.drop(low)} to {words.drop(high)} "
        "in 95 % of such predictions"
    )
