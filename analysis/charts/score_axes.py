"""Axes, legend and the dense line of charts that have a validation score upwards."""

import plotly.graph_objects as go

from prunescope.charts.colours import QUIET
from prunescope.text import plain
from prunescope.text.scores import ScoreWords


def add_score_axes(
    figure: go.Figure, across: str, words: ScoreWords, dense: float | None, height: int = 300
) -> None:
    """Lay ``figure`` out: what is to the right, the score upwards, and the dense model's line.

    Args:
        figure: Changed in place.
        across: The title of the axis to the right.
        words: Of the study's metric.
        dense: Score of the dense model, as stored; None for no line.
        height: In pixels.
    """
    if dense is not None:
        figure.add_hline(
            words.shown(dense), line={"color": QUIET, "width": 1, "dash": "dash"},
            annotation_text="dense", annotation_font={"color": QUIET, "size": 11},
            annotation_position="bottom left",
        )  # fmt: skip
    figure.update_layout(
        height=height, margin={"l": 8, "r": 8, "t": 32, "b": 8}, uirevision="same",
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.01, "x": 0},
    )  # fmt: skip
    figure.update_xaxes(title=across, showgrid=False, zeroline=False)
    figure.update_yaxes(title=plain.mark(_upwards(words)), zeroline=False, automargin=True)


def _upwards(words: ScoreWords) -> str:
    unit = f", {words.unit}" if words.unit else ""
    return f"{words.name} on the validation split{unit}"
