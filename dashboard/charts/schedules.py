"""Score by training time: a plan pruned at once, and the same plan reached in rounds."""

import plotly.graph_objects as go

from prunescope.charts.colours import QUIET, palette
from prunescope.recovery.training.fine_tuning_report import FineTuned
from prunescope.recovery.training.training_curve import Reading
from prunescope.text import plain
from prunescope.text.scores import PERCENT_WORDS, ScoreWords


def schedules_figure(
    at_once: FineTuned,
    gradual: FineTuned,
    dark: bool,
    dense: float | None = None,
    words: ScoreWords = PERCENT_WORDS,
) -> go.Figure:
    """Return validation score by seconds of training, a line for each schedule.

    Args:
        at_once: Pruned, then trained.
        gradual: In rounds; dotted before the last, as the network is larger than the plan then.
        dark: Whether the page is dark.
        dense: Score of the dense model, for a reference line.
        words: Of the study's metric.
    """
    figure, colours = go.Figure(), palette(dark)
    count = len(gradual.rounds)
    before = gradual.rounds[-2].step if count > 1 else -1
    first = next((n for n, x in enumerate(gradual.curve) if x.step == before), -1) + 1
    early, last = gradual.curve[:first], gradual.curve[first:]
    lines = (
        ("at once", at_once.curve, colours[0], "solid"),
        (f"in {count} rounds, still larger", early, colours[1], "dot"),
        (f"in {count} rounds", last, colours[1], "solid"),
    )
    for name, curve, colour, dash in lines:
        scored = [x for x in curve if x.score is not None]
        figure.add_trace(_line(name, scored, colour, dash, words))
    if dense is not None:
        figure.add_hline(
            words.shown(dense), line={"color": QUIET, "width": 1, "dash": "dash"},
            annotation_text="dense", annotation_font={"color": QUIET, "size": 11},
            annotation_position="bottom left",
        )  # fmt: skip
    figure.update_layout(
        height=300, margin={"l": 8, "r": 8, "t": 32, "b": 8}, uirevision="same",
        legend={"orientation": "h", "y": 1.12},
    )  # fmt: skip
    name = "Score" if words.unit else words.name.capitalize()
    title = f"{name} on the validation split{f', {words.unit}' if words.unit else ''}"
    figure.update_xaxes(title="Seconds of training", showgrid=False, zeroline=False)
    figure.update_yaxes(title=plain.mark(title), zeroline=False, automargin=True)
    return figure


def _line(
    name: str, scored: list[Reading], colour: str, dash: str, words: ScoreWords
) -> go.Scatter:
    return go.Scatter(
        x=[x.seconds for x in scored],
        y=[words.shown(x.score) for x in scored if x.score is not None],
        name=name,
        mode="lines+markers",
        line={"color": colour, "width": 2, "dash": dash},
        hovertemplate="%{x:.0f} s: %{y:.4g}<extra></extra>",
    )
