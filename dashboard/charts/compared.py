"""Plans by what they keep and what they score: filled where measured, hollow where predicted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import plotly.graph_objects as go

from prunescope.charts.colours import QUIET, palette
from prunescope.text import plain
from prunescope.text.scores import ScoreWords

_HEIGHT: Final = 360


@dataclass(frozen=True)
class Mark:
    """One plan in the chart.

    Attributes:
        name: Of the plan.
        kept: Fraction of the dense network's cost.
        score: As stored.
        low: Lower end of its interval, as stored; the score where there is none.
        high: Upper end.
        measured: Whether it was, else it is predicted.
    """

    name: str
    kept: float
    score: float
    low: float
    high: float
    measured: bool


def compared_figure(marks: Sequence[Mark], cost: str, words: ScoreWords, dark: bool) -> go.Figure:
    """Return the score of each plan over what it keeps, with its interval.

    Args:
        marks: The plans.
        cost: What the horizontal axis is.
        words: Of the study's metric; its dense score is drawn as a line.
        dark: Whether the page is dark.
    """
    colours = palette(dark)
    figure = go.Figure()
    for measured, title in ((True, "Measured, 95 %"), (False, "Predicted, nine plans of ten")):
        own = [mark for mark in marks if mark.measured is measured]
        if not own:
            continue
        shown = [(words.shown(m.score), *sorted(map(words.shown, (m.low, m.high)))) for m in own]
        colour = colours[1] if measured else colours[0]
        figure.add_scatter(
            x=[100 * mark.kept for mark in own], y=[score for score, _, _ in shown],
            error_y={
                "type": "data", "symmetric": False, "thickness": 1.5, "width": 5,
                "array": [high - score for score, _, high in shown],
                "arrayminus": [score - low for score, low, _ in shown],
            },
            text=[plain.mark(mark.name) for mark in own], textposition="middle right",
            mode="markers+text", name=title, cliponaxis=False,
            marker={
                "size": 11, "color": colour, "line": {"width": 1.5, "color": colour},
                "symbol": "diamond" if measured else "circle-open",
            },
            hovertemplate="<b>%{text}</b><br>keeps %{x:.1f} %<br>%{y:.4g}<extra></extra>",
        )  # fmt: skip
    figure.add_hline(
        words.shown(words.dense), line={"color": QUIET, "width": 1}, annotation_text="dense",
        annotation_position="top left", annotation_font={"color": QUIET, "size": 11},
    )  # fmt: skip
    figure.update_layout(
        height=_HEIGHT, margin={"l": 8, "r": 90, "t": 8, "b": 8}, hovermode="closest",
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.01, "x": 0, "title": None},
    )  # fmt: skip
    figure.update_xaxes(title=f"{cost} kept, %", showgrid=False, zeroline=False)
    figure.update_yaxes(title=plain.mark(words.score_title), zeroline=False, automargin=True)
    return figure
