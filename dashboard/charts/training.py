"""Loss and score while a network is fine-tuned."""

from collections.abc import Callable

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from prunescope.charts.colours import QUIET, palette
from prunescope.text import plain
from prunescope.text.scores import PERCENT_WORDS, ScoreWords


def training_figure(
    values: pd.DataFrame,
    dark: bool,
    dense: float | None = None,
    before: float | None = None,
    words: ScoreWords = PERCENT_WORDS,
) -> go.Figure:
    """Return loss by step and score by step, beside each other.

    Args:
        values: Columns ``step`` and whichever of ``loss``, ``score`` were reported; a row may
            lack either.
        dark: Whether the page is dark.
        dense: Score of the dense model, as stored, for a reference line.
        before: Score before fine-tuning.
        words: Of the study's metric.
    """
    figure = make_subplots(
        rows=1, cols=2, horizontal_spacing=0.09, shared_xaxes=False,
        column_titles=["Loss on calibration batches, nats", _score_title(words)],
    )  # fmt: skip
    colours = palette(dark)
    shown_by: dict[str, Callable[[float], float]] = {"loss": float, "score": words.shown}
    for place, (column, shown) in enumerate(shown_by.items(), start=1):
        if column in values:
            rows = values[values[column].notna()]
            figure.add_trace(
                go.Scatter(
                    x=rows["step"], y=[shown(value) for value in rows[column]],
                    mode="lines" if column == "loss" else "lines+markers",
                    line={"color": colours[place - 1], "width": 2}, showlegend=False,
                    hovertemplate="step %{x:g}: %{y:.4g}<extra></extra>",
                ),
                row=1, col=place,
            )  # fmt: skip
    for value, label in ((dense, "dense"), (before, "before")):
        if value is not None:
            figure.add_hline(
                words.shown(value), row=1, col=2, line={"color": QUIET, "width": 1, "dash": "dash"},
                annotation_text=label, annotation_font={"color": QUIET, "size": 11},
                annotation_position="bottom left",
            )  # fmt: skip
    figure.update_layout(height=300, margin={"l": 8, "r": 8, "t": 32, "b": 8}, uirevision="same")
    figure.update_annotations(font_size=12)
    figure.update_xaxes(title="Step", showgrid=False, zeroline=False)
    figure.update_yaxes(zeroline=False, automargin=True)
    return figure


def _score_title(words: ScoreWords) -> str:
    name = "Score" if words.unit else words.name.capitalize()
    less = "" if words.metric.higher_is_better else " (less is better)"
    return plain.mark(
        f"{name} on the validation split{f', {words.unit}' if words.unit else ''}{less}"
    )
