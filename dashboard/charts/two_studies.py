"""One layer in two studies: the same methods' scores over each other, solid and dashed."""

from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd
import plotly.graph_objects as go

from prunescope.charts.colours import QUIET
from prunescope.text import plain
from prunescope.text.scores import ScoreWords

DASHES: Final = ("solid", "dash")
"""Of the study that is open, and of the other one."""
_HEIGHT: Final = 380


def two_studies_figure(
    names: tuple[str, str],
    points: Sequence[pd.DataFrame],
    words: tuple[ScoreWords, ScoreWords],
    colours: Mapping[str, str],
) -> go.Figure:
    """Return the scores of one layer in two studies, each from its own dense score on.

    Args:
        names: Of the studies.
        points: Rows of the layer in each, as from ``prunescope.curves.means.measured_points``.
        words: Of the studies' one metric, each with its dense score.
        colours: Method → colour.
    """
    figure = go.Figure()
    for name, rows, own, dash in zip(names, points, words, DASHES, strict=True):
        figure.add_hline(
            own.shown(own.dense), line={"color": QUIET, "width": 1, "dash": dash},
            annotation_text=plain.mark(f"dense, {name}"), annotation_position="top right",
            annotation_font={"color": QUIET, "size": 11},
        )  # fmt: skip
        taken = rows[(rows["removed"] > 0) & (rows["recovery"] == "none")]
        for method, colour in colours.items():
            line = taken[taken["method"] == method].sort_values("sparsity")
            if line.empty:
                continue
            scores = [own.shown(own.dense - drop) for drop in line["drop"]]
            low = [own.shown(own.dense - drop) for drop in line["high"]]
            high = [own.shown(own.dense - drop) for drop in line["low"]]
            figure.add_scatter(
                x=100 * line["sparsity"], y=scores, name=plain.mark(f"{method}, {name}"),
                mode="lines+markers", line={"color": colour, "width": 2, "dash": dash},
                marker={"size": 6, "symbol": "circle" if dash == "solid" else "circle-open"},
                error_y={
                    "type": "data", "symmetric": False, "thickness": 1, "width": 2,
                    "array": [top - score for top, score in zip(high, scores, strict=True)],
                    "arrayminus": [score - end for score, end in zip(scores, low, strict=True)],
                },
                hovertemplate="%{x:g} % removed: %{y:.4g}<extra>%{fullData.name}</extra>",
            )  # fmt: skip
    figure.update_layout(
        height=_HEIGHT, margin={"l": 8, "r": 8, "t": 8, "b": 8}, hovermode="closest",
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.01, "x": 0, "title": None},
    )  # fmt: skip
    figure.update_xaxes(title="Removed from this layer, %", range=[0, 101], showgrid=False)
    figure.update_yaxes(title=plain.mark(words[0].score_title), zeroline=False, automargin=True)
    return figure
