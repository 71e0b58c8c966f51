"""Layers by sparsities: where a network breaks, at a glance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from prunescope.charts.colours import QUIET, scale
from prunescope.curves.guessing import whole_drop
from prunescope.curves.seeds import over_seeds
from prunescope.study import Manifest
from prunescope.study.method import UNITS
from prunescope.study.metric_summary import PERCENT
from prunescope.text import plain
from prunescope.text.scores import PERCENT_WORDS, ScoreWords, words_of

BEST: Final = "best of all"
_TICKS: Final = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 80.0)
_NEAR: Final = 0.03 + 1e-9
_LABELLED: Final = 40
"""Up to so many layers every cell carries its number."""
TALLEST: Final = 900
"""Pixels from which on the map scrolls, its sparsities above it."""
_ROW: Final = {True: 24, False: 15}
"""Pixels of a row with numbers and without: every row has its name."""
_LEAST_END: Final = 0.1
"""Of a sample's possible change: smaller drops never look like the end of the network."""
_TALL: Final = 10
"""From so many layers on a colour bar has room for its ticks."""

_MARKS: Final = 1_200
"""Cells up to which each can be pressed: browsers are slow with more marks."""


def heat_table(points: pd.DataFrame, layers: Sequence[str], method: str) -> pd.DataFrame:
    """Return the cells of a layer × sparsity map, one row per cell, unmeasured ones left out.

    Every group's units allow other sparsities. Those that lie within three points of each other
    share a ``column``, named by their middle; of two in one row the larger stands in it.

    Args:
        points: As from ``prunescope.curves.means.measured_points``.
        layers: Which, in the order wanted.
        method: Its name, or ``BEST`` for the smallest drop of any method.
    """
    points = over_seeds(points)  # the best method is no lucky seed
    rows = points[(points["removed"] > 0) & points["subject"].isin(layers)]
    if method != BEST:
        rows = rows[rows["method"] == method]
    kept = ["subject", "sparsity", "column", "drop", "low", "high", "noise", "method"]
    rows = rows.sort_values("drop", kind="stable").drop_duplicates(["subject", "sparsity"])
    rows = rows.assign(column=rows["sparsity"])
    if rows["granularity"].isin(UNITS).any():
        rows = rows.sort_values("sparsity", kind="stable")
        rows["column"] = rows["sparsity"].map(_columns(rows["sparsity"].unique().tolist()))
        rows = rows.drop_duplicates(["subject", "column"], keep="last")
    return rows[kept]


def _columns(ascending: Sequence[float]) -> dict[float, float]:
    """Sparsity → the middle of those that are no further than ``_NEAR`` from the first of them."""
    runs: list[list[float]] = []
    for value in ascending:
        if runs and value - runs[-1][0] <= _NEAR:
            runs[-1].append(value)
        else:
            runs.append([value])
    return {value: round((run[0] + run[-1]) / 2, 4) for run in runs for value in run}


@dataclass(frozen=True)
class ColourEnd:
    """The drop at which the colour is strongest: one for all layers and methods of a study.

    Attributes:
        drop: Absolute, above 0.
        meaning: What it is, to follow "strongest at …:".
    """

    drop: float
    meaning: str


def colour_end(manifest: Manifest, points: pd.DataFrame) -> ColourEnd:
    """Return the drop down to guessing; where that is unknown, the largest one of the study.

    Args:
        manifest: Of the study.
        points: All that is measured, as from ``prunescope.curves.means.measured_points``.
    """
    whole = whole_drop(manifest)
    if whole is not None:
        return ColourEnd(whole, "as bad as always answering the most frequent class")
    least = _LEAST_END * manifest.scale
    largest = float(points["drop"].max()) if len(points) else 0.0
    if largest > least:
        word = words_of(manifest).loss_word
        return ColourEnd(largest, f"the largest {word} that is measured in this study")
    return ColourEnd(least, "no drop of this study is larger")


def heat_figure(
    cells: pd.DataFrame, layers: Sequence[str], dark: bool, end: ColourEnd,
    words: ScoreWords = PERCENT_WORDS, chosen: str | None = None,
) -> go.Figure:  # fmt: skip
    """Return the map of drops; the colour follows the root, so small drops show.

    Every cell can be pressed; of a map with very many, the first one of every row.

    Args:
        cells: As from ``heat_table``.
        layers: Rows from top to bottom; one without cells stays empty.
        dark: Whether the page is dark.
        end: Where the colours end; larger drops look alike.
        words: Of the study's metric.
        chosen: Row that is outlined.
    """
    sparsities = sorted(cells["column"].unique())
    places = {name: place for place, name in enumerate(layers)}
    across = {value: place for place, value in enumerate(sparsities)}
    drop = np.full((len(layers), len(sparsities)), np.nan)
    told: list[list[Any]] = [[""] * len(sparsities) for _ in layers]
    shown: list[list[str]] = [[""] * len(sparsities) for _ in layers]
    for row in cells.to_dict("records"):
        i, j = places[row["subject"]], across[row["column"]]
        value = words.shown_drop(row["drop"])
        drop[i, j] = 0.0 if row["noise"] else value
        half = (row["high"] - row["low"]) / 2
        noise = ", within noise" if row["noise"] else ""
        drops = f"{words.around(row['drop'], half)}{noise}"
        told[i][j] = f"{100 * row['sparsity']:g} % removed: {drops}<br>{plain.mark(row['method'])}"
        shown[i][j] = "·" if row["noise"] else _cell(value, words)
    root = np.sqrt(np.maximum(drop, 0))
    largest = words.shown_drop(end.drop)
    top = largest**0.5
    ticks = _ticks(largest, words)
    few = len(layers) <= _LABELLED
    tall = len(layers) >= _TALL
    figure = go.Figure(
        go.Heatmap(
            z=root, x=[f"{100 * value:.3g} %" for value in sparsities],
            y=list(map(plain.mark, layers)),
            zmin=0, zmax=top, colorscale=scale(dark), xgap=1, ygap=1 if few else 0,
            text=shown if few else None, texttemplate="%{text}" if few else None,
            textfont={"size": 11}, customdata=told, hoverongaps=False, showscale=tall,
            hovertemplate="<b>%{y}</b><br>%{customdata}<extra></extra>",
            colorbar={
                "title": {"text": plain.mark(words.drop_title), "side": "right"},
                "thickness": 10, "outlinewidth": 0,
                "tickvals": [tick**0.5 for tick in ticks], "ticktext": [f"{t:g}" for t in ticks],
            },
        )
    )  # fmt: skip
    _pressable(figure, layers, told)
    if chosen in places:
        figure.add_shape(
            type="rect", xref="paper", x0=0, x1=1, yref="y", y0=places[chosen] - 0.5,
            y1=places[chosen] + 0.5, line={"width": 2, "color": QUIET}, layer="above",
        )  # fmt: skip
    figure.update_layout(
        height=max(140, 70 + _ROW[few] * len(layers)),
        margin={"l": 8, "r": 8, "t": 8, "b": 8}, hoverdistance=-1,  # all of a cell can be pressed
    )  # fmt: skip
    figure.update_xaxes(
        title="Sparsity",
        type="category",
        side="bottom" if few else "top",
        showgrid=False,
        range=[-0.5, len(sparsities) - 0.5],
    )
    figure.update_yaxes(
        range=[len(layers) - 0.5, -0.5], type="category", showgrid=False, automargin=True,
        tickmode="linear", tickfont={"size": 12 if few else 10},
    )  # fmt: skip
    return figure


def pressed(points: Sequence[Mapping[str, Any]], layers: Sequence[str]) -> str | None:
    """Return the row that the first of the pressed points stands in; they are foreign input."""
    for point in points:
        place = point.get("customdata")
        place = place[0] if isinstance(place, list | tuple) and place else None
        if isinstance(place, int) and 0 <= place < len(layers):
            return layers[place]
    return None


def _pressable(figure: go.Figure, layers: Sequence[str], told: Sequence[Sequence[str]]) -> None:
    """Lay unseen marks over the cells: a heat map itself tells nobody that it was pressed."""
    map_ = figure.data[0]
    columns = range(len(map_.x) if len(layers) * len(map_.x) <= _MARKS else 1)
    cells = [(i, j) for i in range(len(layers)) for j in columns if told[i][j]]
    figure.add_scatter(
        x=[map_.x[j] for _, j in cells], y=[map_.y[i] for i, _ in cells], mode="markers",
        customdata=[(i, told[i][j]) for i, j in cells], showlegend=False,
        marker={"size": 16, "symbol": "square", "opacity": 0, "color": QUIET},
        selected={"marker": {"opacity": 0}}, unselected={"marker": {"opacity": 0}},
        hovertemplate="<b>%{y}</b><br>%{customdata[1]}<extra></extra>",
    )  # fmt: skip


def _cell(value: float, words: ScoreWords) -> str:
    """A drop as it stands in a cell: short, and without a unit."""
    if words.metric.unit != PERCENT:
        return f"{value:.2g}"
    return f"{value:.1f}" if value < 9.95 else f"{value:.0f}"


def _ticks(largest: float, words: ScoreWords) -> list[float]:
    """Drops that the colour bar names; round shares of the largest one where it is no percent."""
    if words.metric.unit == PERCENT:
        return [tick for tick in _TICKS if tick <= largest]
    if not np.isfinite(largest) or largest <= 0:
        return [0.0]
    ticks = {float(f"{largest * tick / _TICKS[-1]:.1g}") for tick in _TICKS}
    return sorted(tick for tick in ticks if tick <= largest)
