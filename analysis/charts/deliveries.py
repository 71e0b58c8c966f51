"""Every way to deliver a plan on one front: score by bytes, or by the time of one sample."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Final

import plotly.graph_objects as go

from prunescope.charts.colours import QUIET, palette
from prunescope.charts.score_axes import add_score_axes
from prunescope.export.delivered import PRUNED, Delivered, best_of
from prunescope.text import plain, units
from prunescope.text.scores import PERCENT_WORDS, ScoreWords

_SYMBOLS: Final = {"": "circle", "int8": "square", "fp16": "diamond"}


def deliveries_figure(
    points: Sequence[Delivered],
    dark: bool,
    by_time: bool = False,
    dense: float | None = None,
    words: ScoreWords = PERCENT_WORDS,
    chosen: str | None = None,
) -> go.Figure:
    """Return score over bytes or time: a colour for each variant, a symbol for its numbers.

    Filled marks are verified files, hollow ones models that were measured and not exported, at the
    bytes of their tensors. A line joins the points that no other beats.

    Args:
        points: Of one plan; of several with ``chosen``.
        dark: Whether the page is dark.
        by_time: Milliseconds of one sample in place of bytes; points that were not timed are out.
        dense: Score of the dense model, as stored, for a reference line.
        words: Of the study's metric.
        chosen: Name of the plan whose marks are larger; then colours are for numbers
            (*pruned*, *pruned + int8*) instead of variants.
    """
    figure, colours = go.Figure(), palette(dark)
    shown = [point for point in points if not by_time or point.seconds is not None]
    front = best_of(shown, by_time)
    figure.add_trace(
        go.Scatter(
            x=[_across(point, by_time) for point in front],
            y=[words.shown(point.score) for point in front], mode="lines", name="front",
            line={"color": QUIET, "width": 1, "shape": "hv"}, hoverinfo="skip",
        )
    )  # fmt: skip
    label_of, colour_of = attrgetter("label"), attrgetter("variant")
    if chosen is not None:
        label_of = colour_of = attrgetter("numbers")
    kinds = sorted(dict.fromkeys(map(colour_of, points)), key=PRUNED.__ne__)
    for label in dict.fromkeys(map(label_of, shown)):
        own = [point for point in shown if label_of(point) == label]
        colour = colours[kinds.index(colour_of(own[0])) % len(colours)]
        symbol = _SYMBOLS.get(own[0].rounding, "triangle-up")
        ends = [
            (words.shown(p.low), words.shown(p.high))
            if p.low is not None and p.high is not None
            else (words.shown(p.score),) * 2
            for p in own
        ]
        heights = [words.shown(point.score) for point in own]
        figure.add_trace(
            go.Scatter(
                x=[_across(point, by_time) for point in own], y=heights, mode="markers", name=label,
                marker={
                    "size": [15 if p.plan == chosen else 10 for p in own], "color": colour,
                    "line": {"width": 1.5, "color": colour},
                    "symbol": [symbol if p.exported else f"{symbol}-open" for p in own],
                },
                error_y={
                    "type": "data", "symmetric": False, "thickness": 1, "width": 3,
                    "array": [max(e) - y for e, y in zip(ends, heights, strict=True)],
                    "arrayminus": [y - min(e) for e, y in zip(ends, heights, strict=True)],
                },
                customdata=[[_said(p, words, chosen is not None), p.plan] for p in own],
                hovertemplate="%{customdata[0]}<extra></extra>",
            )
        )  # fmt: skip
    across = "One sample alone, ms" if by_time else "Bytes of the file, kB"
    add_score_axes(figure, across, words, dense, height=340)
    figure.update_xaxes(rangemode="tozero")
    return figure


def _across(point: Delivered, by_time: bool) -> float:
    return 1e3 * (point.seconds or 0.0) if by_time else point.bytes / 1e3


def _said(point: Delivered, words: ScoreWords, named: bool) -> str:
    score = words.score(point.score)
    if point.low is not None and point.high is not None:
        score += f" ({words.scores_between(point.low, point.high)})"
    time = "" if point.seconds is None else f"<br>{point.seconds * 1e3:.3g} ms a sample"
    return (
        f"<b>{plain.mark(f'{point.plan}, {point.label}' if named else point.label)}</b>, "
        f"{plain.mark(point.file)}<br>{score}"
        f"<br>{units.bytes_(point.bytes)}{time}"
    )
