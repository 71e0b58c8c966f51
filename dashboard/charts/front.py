"""The trade-off: score against a cost, predicted plans apart from measured ones."""

import math
from collections.abc import Hashable
from typing import Any, Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from prunescope.charts.colours import QUIET, faint, palette
from prunescope.text import plain
from prunescope.text.scores import ScoreWords

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
_LEAST: Final = 0.02
"""Drop that the chart reaches at least: two points."""


def front_figure(
    points: pd.DataFrame, cost: str, words: ScoreWords, baseline: float, dark: bool,
    recovered: float | None = None,
) -> go.Figure:  # fmt: skip
    """Return score over cost: the front as a line of hollow marks with its band.

    Args:
        points: As in ``prunescope.dashboard.tables.front.Shown.points``.
        cost: What the horizontal axis is.
        words: Of the study's metric.
        baseline: Dense score, as stored.
        dark: Whether the page is dark.
        recovered: Dense score after the front's recovery, drawn too where it is another one.
    """
    colours = palette(dark)
    figure = go.Figure()
    span = _span(points, baseline, words)
    points = points.assign(
        **{name: points[name].astype(float).map(words.shown) for name in ("score", "low", "high")}
    )
    front = points[(points["kind"] == "front") & points["score"].notna()].sort_values("share")
    if len(front):
        figure.add_trace(
            go.Scatter(
                x=100 * np.concatenate([front["share"], front["share"][::-1]]),
                y=np.concatenate([front["high"], front["low"][::-1]]),
                fill="toself", fillcolor=faint(colours[0], 0.12), line={"width": 0},
                mode="lines", hoverinfo="skip", showlegend=False,
            )
        )  # fmt: skip
    floor = words.shown(baseline - span)
    styles = {"front": colours[0], "saved": colours[4], "measured": colours[1]}
    for kind, colour in styles.items():
        rows = front if kind == "front" else points[points["kind"] == kind]
        if kind != "front":
            sign = 1 if words.metric.higher_is_better else -1
            past = sign * rows["score"] < sign * floor
            if past.any():
                figure.add_trace(_at_the_edge(rows[past], kind, colour, words, floor))
            rows = rows[~past]
        if len(rows):
            figure.add_trace(_marks(rows, kind, colour, words))
    own = points[points["kind"].isin(("draft", "now")) & points["score"].notna()]
    if len(own):
        figure.add_trace(_marks(own, str(own["kind"].iloc[0]), colours[2], words))
    lines = {"dense": baseline}
    if recovered is not None and not math.isclose(recovered, baseline):
        lines["dense, recovered"] = recovered
    for place, (label, height) in zip(("top left", "top right"), lines.items(), strict=False):
        figure.add_hline(
            words.shown(height), line={"color": QUIET, "width": 1}, annotation_text=label,
            annotation_position=place, annotation_font={"color": QUIET, "size": 11},
        )  # fmt: skip
    figure.update_layout(
        height=380, margin={"l": 8, "r": 8, "t": 8, "b": 8}, hovermode="closest",
        clickmode="event+select", dragmode=False, uirevision=cost,
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.01, "x": 0, "title": None},
    )  # fmt: skip
    figure.update_xaxes(title=f"{cost}, % of the dense network", showgrid=False, zeroline=False)
    figure.update_yaxes(title=plain.mark(_title(words)), zeroline=False, automargin=True)
    best = max([*lines.values(), *map(words.metric.stored, own["score"])])  # a gain is in view
    ends = (floor, words.shown(best + 0.12 * span))
    figure.update_yaxes(range=sorted(ends))
    return figure


def _title(words: ScoreWords) -> str:
    less = "" if words.metric.higher_is_better else " (less is better)"
    return f"{words.score_title}{less}"


def _span(points: pd.DataFrame, baseline: float, words: ScoreWords) -> float:
    """How far below the dense score the chart reaches: past this plan, not to the worst one."""
    own = points[points["kind"].isin(("draft", "now")) & points["score"].notna()]
    worst = baseline - float(points["score"].min()) if points["score"].notna().any() else 0.0
    here = baseline - float(own["score"].min()) if len(own) else 0.0
    return max(min(1.1 * worst, max(2.5 * here, words.usual(_NEAR))), words.usual(_LEAST))


def _marks(rows: pd.DataFrame, kind: str, colour: str, words: ScoreWords) -> go.Scatter:
    error = None
    above, below = ("high", "low") if words.metric.higher_is_better else ("low", "high")
    rows = rows.assign(
        name=rows["name"].map(plain.mark),
        said=[_said(row, below, above, words) for row in rows.to_dict("records")],
    )
    if kind in ("measured", "draft", "now"):
        error = {
            "type": "data", "symmetric": False, "array": (rows[above] - rows["score"]).abs(),
            "arrayminus": (rows["score"] - rows[below]).abs(), "thickness": 1, "width": 3,
        }  # fmt: skip
    return go.Scatter(
        x=100 * rows["share"], y=rows["score"], name=_NAMES[kind],
        mode="lines+markers" if kind == "front" else "markers",
        line={"color": colour, "width": 1.5}, error_y=error,
        marker={
            "size": 15 if kind in ("draft", "now") else 9, "color": colour,
            "symbol": _SYMBOLS[kind],
            "line": {"width": 1.5, "color": colour},
        },
        customdata=rows[["digest", "name", "said"]].to_numpy(),
        hovertemplate="<b>%{customdata[1]}</b><br>cost %{x:.1f} %<br>score "
        "%{customdata[2]}<extra>" + _NAMES[kind] + "</extra>",
    )  # fmt: skip


def _at_the_edge(
    rows: pd.DataFrame, kind: str, colour: str, words: ScoreWords, floor: float
) -> go.Scatter:
    """Marks that say where plans are whose scores are past the chart's end; the tip says them."""
    trace = _marks(rows, kind, colour, words)
    way = "down" if words.metric.higher_is_better else "up"
    name = f"{_NAMES[kind]}, further {way}"
    return trace.update(
        y=[floor] * len(rows), error_y=None, name=name, cliponaxis=False,
        marker={"symbol": f"triangle-{way}", "size": 10}, meta={"y": rows["score"].tolist()},
        hovertemplate=trace.hovertemplate.replace(f"<extra>{_NAMES[kind]}", f"<extra>{name}"),
    )  # fmt: skip


def _said(row: dict[Hashable, Any], below: str, above: str, words: ScoreWords) -> str:
    """A score with its interval, all as people read them already."""
    stored = words.metric.stored
    text = words.score(stored(row["score"]))
    if math.isnan(row["low"]) or math.isnan(row["high"]):
        return text
    return f"{text} ({words.scores_between(stored(row[below]), stored(row[above]))})"
