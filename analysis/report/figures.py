"""The report's charts, each for light and for dark pages, as Plotly's JSON. Torch-free."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import plotly.graph_objects as go

from prunescope.charts.colours import QUIET, palette
from prunescope.charts.deliveries import deliveries_figure
from prunescope.charts.schedules import rounds_figure, schedules_figure
from prunescope.charts.subject_curves import subject_figure
from prunescope.curves.means import measured_points
from prunescope.export.delivered import Delivered
from prunescope.recovery.training.fine_tuning_report import FineTuned
from prunescope.recovery.training.fine_tuning_settings import Schedule
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Plan
from prunescope.text import plain
from prunescope.text.scores import ScoreWords

MOST: Final = 40
"""Charts of curves in one report; more would make it slow to open."""


@dataclass(frozen=True)
class Chart:
    """A chart twice.

    Attributes:
        title: Above it.
        light: ``{"data": …, "layout": …}`` for light pages.
        dark: For dark pages.
    """

    title: str
    light: dict[str, Any]
    dark: dict[str, Any]


def curve_charts(study: StudyFolder, plan: Plan) -> tuple[tuple[Chart, ...], int]:
    """Return the curves of what the plan prunes, its sparsities marked, and how many are left out.

    Args:
        study: Whose measurements are drawn.
        plan: Its subjects come in the study's order.
    """
    measured = study.measured()
    points = measured_points(measured, study.manifest.scale)
    active = plan.active()
    subjects = [name for name in dict.fromkeys(points["subject"]) if name in active]
    charts = []
    for name in subjects[:MOST]:
        rows = points[points["subject"] == name]
        choice = active[name]
        methods = list(dict.fromkeys(rows["method"]))
        own = [method for method in methods if method == choice.method] or methods
        figures = []
        for dark in (False, True):
            figure = subject_figure(study.manifest, measured, name, own, dark=dark)
            figure.add_vline(
                100 * choice.sparsity, line={"color": QUIET, "width": 1, "dash": "dash"},
                annotation_text="plan", annotation_position="bottom right",
                annotation_font={"color": QUIET, "size": 11},
            )  # fmt: skip
            figures.append(_themed(figure, dark, 300))
        charts.append(Chart(name, *figures))
    return tuple(charts), max(len(subjects) - MOST, 0)


def training_chart(tuned: FineTuned, words: ScoreWords) -> Chart:
    """Return loss and validation score over the epochs of a fine-tuning."""
    unit = f", {words.metric.unit}" if words.metric.unit else ""
    axis, figures = f"Validation {words.name}{unit}", []
    for dark in (False, True):
        score, loss, *_ = palette(dark)
        figure = go.Figure()
        scored = [each for each in tuned.curve if each.score is not None]
        lost = [each for each in tuned.curve if each.loss is not None]
        figure.add_scatter(
            x=[each.epoch for each in scored],
            y=[words.shown(each.score) for each in scored if each.score is not None],
            name=axis, mode="lines+markers", line={"color": score},
        )  # fmt: skip
        figure.add_scatter(
            x=[each.epoch for each in lost], y=[each.loss for each in lost],
            name="Training loss", mode="lines", line={"color": loss, "dash": "dot"}, yaxis="y2",
        )  # fmt: skip
        figure.update_layout(
            yaxis2={"overlaying": "y", "side": "right", "title": "Training loss",
                    "showgrid": False, "zeroline": False, "tickmode": "auto"},
            legend={"orientation": "h", "yanchor": "bottom", "y": 1.01, "x": 0},
            margin={"l": 8, "r": 8, "t": 8, "b": 8},
        )  # fmt: skip
        figure.update_xaxes(title="Epoch", showgrid=False, zeroline=False)
        figure.update_yaxes(title=axis, zeroline=False, selector={"side": None})
        figures.append(_themed(figure, dark, 340))
    return Chart(plain.mark("Fine-tuning"), *figures)


def schedule_charts(
    results: Mapping[Schedule, FineTuned], macs: int, dense: float | None, words: ScoreWords
) -> tuple[Chart, ...]:
    """Return the rounds' sizes and scores, and all schedules by training time, where there are any.

    Args:
        results: Of the plan, by schedule.
        macs: Of the dense network.
        dense: Its validation score.
        words: Of the study's metric.
    """
    charts = []
    if any(result.gradual for result in results.values()):
        figures = [rounds_figure(results, dark, macs, dense, words) for dark in (False, True)]
        charts.append(_both("Rounds, by size", figures))
    if len(results) > 1:
        figures = [schedules_figure(results, dark, dense, words) for dark in (False, True)]
        charts.append(_both("Schedules, by training time", figures))
    return tuple(charts)


def delivered_charts(
    points: Sequence[Delivered], dense: float | None, words: ScoreWords
) -> tuple[Chart, ...]:
    """Return every way to deliver the plan, by bytes and by time, where there are two or more.

    Args:
        points: Of the plan.
        dense: Validation score of the dense model.
        words: Of the study's metric.
    """
    charts = []
    for by_time, title in ((False, "By bytes"), (True, "By the time of one sample")):
        if sum(not by_time or point.seconds is not None for point in points) > 1:
            figures = [
                deliveries_figure(points, dark, by_time, dense, words) for dark in (False, True)
            ]
            charts.append(_both(title, figures))
    return tuple(charts)


def _both(title: str, figures: Sequence[go.Figure]) -> Chart:
    light, dark = (_themed(figure, place == 1, 340) for place, figure in enumerate(figures))
    return Chart(title, light, dark)


def _themed(figure: go.Figure, dark: bool, height: int) -> dict[str, Any]:
    """The same without a background, with the page's colours of text and grid."""
    ink, grid = ("#C9D3DE", "#2C3540") if dark else ("#3C4753", "#E3E8ED")
    figure.update_layout(
        template="none", height=height, paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)", font={"color": ink, "size": 12, "family": "inherit"},
        hoverlabel={"bgcolor": "#1D242C" if dark else "#FFFFFF", "font": {"color": ink}},
        margin={"l": 56, "r": 24, "t": 36, "b": 48}, autosize=True,
    )  # fmt: skip
    figure.update_yaxes(gridcolor=grid, linecolor=grid, automargin=True)
    figure.update_xaxes(gridcolor=grid, linecolor=grid)
    made: dict[str, Any] = json.loads(figure.to_json() or "{}")
    made["layout"].pop("template", None)
    return made
