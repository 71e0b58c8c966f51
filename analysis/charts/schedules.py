"""Score by training time: a plan pruned at once, in rounds, and re-solved in rounds."""

from collections.abc import Mapping
from typing import Final

import plotly.graph_objects as go

from prunescope.charts.colours import palette
from prunescope.charts.score_axes import add_score_axes
from prunescope.recovery.training.fine_tuning_report import FineTuned
from prunescope.recovery.training.fine_tuning_settings import SCHEDULES, Schedule
from prunescope.recovery.training.training_curve import Reading
from prunescope.text.scores import PERCENT_WORDS, ScoreWords

_PLACES: Final = {name: place for place, name in enumerate(SCHEDULES)}
"""A schedule's colour is its own, whichever others are there."""


def schedules_figure(
    results: Mapping[Schedule, FineTuned],
    dark: bool,
    dense: float | None = None,
    words: ScoreWords = PERCENT_WORDS,
) -> go.Figure:
    """Return validation score by seconds of training, a line for each schedule.

    A gradual one is dotted before its last round, as the network is larger than the plan then.

    Args:
        results: Of one plan, by schedule.
        dark: Whether the page is dark.
        dense: Score of the dense model, for a reference line.
        words: Of the study's metric.
    """
    figure, colours = go.Figure(), palette(dark)
    for schedule, result in results.items():
        colour, name = colours[_PLACES[schedule]], result.schedule_words()
        before = result.rounds[-2].step if len(result.rounds) > 1 else -1
        first = next((n for n, x in enumerate(result.curve) if x.step == before), -1) + 1
        early, last = result.curve[:first], result.curve[first:]
        if early:
            figure.add_trace(_line(f"{name}, still larger", early, colour, "dot", words))
        figure.add_trace(_line(name, last, colour, "solid", words))
    add_score_axes(figure, "Seconds of training", words, dense)
    return figure


def rounds_figure(
    results: Mapping[Schedule, FineTuned],
    dark: bool,
    macs: int,
    dense: float | None = None,
    words: ScoreWords = PERCENT_WORDS,
) -> go.Figure:
    """Return score by size, a line through the rounds of each gradual schedule.

    Hollow marks are the pruned networks before training. Where rounds were solved anew, the front
    that each was solved from is a thin dotted line: what the network as it was tuned by then was
    predicted to lose.

    Args:
        results: Of one plan, by schedule; one without rounds is a single mark.
        dark: Whether the page is dark.
        macs: Of the dense network; 0 where only parameters are known.
        dense: Its score, for a reference line.
        words: Of the study's metric.
    """
    figure, colours = go.Figure(), palette(dark)
    by_macs = bool(macs) and all(each.macs for result in results.values() for each in result.rounds)
    for schedule, result in results.items():
        if not result.gradual:
            continue
        colour, name = colours[_PLACES[schedule]], result.schedule_words()
        shares = [
            100 * (each.macs / macs if by_macs else each.parameters / result.total)
            for each in result.rounds
        ]
        for each in result.rounds:
            if each.front:
                figure.add_trace(
                    go.Scatter(
                        x=[100 * point.share for point in each.front],
                        y=[words.shown(point.score) for point in each.front],
                        name=f"front of round {each.number}", mode="lines", showlegend=False,
                        line={"color": colour, "width": 1, "dash": "dot"}, opacity=0.6,
                        hovertemplate=f"front of round {each.number}, predicted untrained"
                        "<br>%{x:.1f} %: %{y:.4g}<extra></extra>",
                    )
                )  # fmt: skip
        for kind, scores, symbol in (
            ("pruned", [each.pruned_score for each in result.rounds], "circle-open"),
            ("tuned", [each.score for each in result.rounds], "circle"),
        ):
            figure.add_trace(
                go.Scatter(
                    x=shares, y=[words.shown(score) for score in scores],
                    name=f"{name}, {kind}", mode="lines+markers" if kind == "tuned" else "markers",
                    line={"color": colour, "width": 2},
                    marker={"symbol": symbol, "size": 9, "color": colour},
                    text=[f"round {each.number}, {kind}" for each in result.rounds],
                    hovertemplate="%{text}<br>%{x:.1f} %: %{y:.4g}<extra></extra>",
                )
            )  # fmt: skip
    cost = "MACs" if by_macs else "Parameters that are not zero"
    add_score_axes(figure, f"{cost}, % of the dense network", words, dense)
    return figure


def _line(
    name: str, curve: tuple[Reading, ...], colour: str, dash: str, words: ScoreWords
) -> go.Scatter:
    scored = [x for x in curve if x.score is not None]
    return go.Scatter(
        x=[x.seconds for x in scored],
        y=[words.shown(x.score) for x in scored if x.score is not None],
        name=name,
        mode="lines+markers",
        line={"color": colour, "width": 2, "dash": dash},
        hovertemplate="%{x:.0f} s: %{y:.4g}<extra></extra>",
    )
