"""How a plan's answers differ from the dense network's: from which class to which, how sure."""

from typing import Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from prunescope.charts.colours import QUIET, palette, scale
from prunescope.dashboard.tables.answers import KINDS, LOST, OTHER, SAME, WON
from prunescope.text import plain
from prunescope.text.numbers import counted

HEIGHT: Final = 400
_BINS: Final = 20
"""Of five percent each."""
_MOST: Final = 600
"""Marks that a browser draws at once without being slow: those that changed most."""
_COUNT: Final = "#FFFFFF"
_SYMBOLS: Final = {LOST: "triangle-down", WON: "triangle-up", OTHER: "circle-open"}


def moves_figure(counts: pd.DataFrame, dark: bool) -> go.Figure:
    """Return a map of how many answers moved from a row's class to a column's.

    Args:
        counts: From ``prunescope.dashboard.tables.answers.moves``.
        dark: Whether the page is dark.
    """
    names = [plain.mark(str(name)) for name in counts.index]
    values = counts.to_numpy(float)
    said = [
        [f"{counted(int(count), 'answer')} moved from {before} to {after}"
         for after, count in zip(names, row, strict=True)]
        for before, row in zip(names, values, strict=True)
    ]  # fmt: skip
    few = len(names) <= 12
    written = [[f"{count:.0f}" if count else "" for count in row] for row in values]
    values = np.where(np.eye(len(names), dtype=bool), np.nan, values)
    figure = go.Figure(
        go.Heatmap(
            z=values, text=written, hovertext=said,
            hovertemplate="%{hovertext}<extra></extra>",
            colorscale=_shades(dark), zmin=0, zmax=max(np.nanmax(values, initial=0), 1),
            xgap=1, ygap=1,
            texttemplate="%{text}" if few else None, hoverongaps=False, showscale=not few,
            colorbar={"thickness": 10, "title": None}, textfont={"color": _COUNT} if dark else None,
        )
    )  # fmt: skip
    ticks = {"tickvals": list(range(len(names))), "ticktext": names, "zeroline": False}
    figure.update_layout(height=HEIGHT, margin={"l": 8, "r": 8, "t": 8, "b": 8})
    figure.update_xaxes(title="Pruned network answers", showgrid=False, automargin=True, **ticks)
    figure.update_yaxes(
        title="Dense network answered", showgrid=False, automargin=True, autorange="reversed",
        **ticks,
    )  # fmt: skip
    return figure


def _shades(dark: bool) -> list[str]:
    """The scale of all maps; on dark pages without its bright end, so that counts can be read."""
    colours = [colour for _, colour in scale(dark)]
    return colours[:6] if dark else colours


def confidence_figure(answers: pd.DataFrame, changed: pd.DataFrame, dark: bool) -> go.Figure:
    """Return how sure both networks are: answered alike as a density, otherwise as marks.

    Args:
        answers: Rows of ``prunescope.dashboard.tables.answers.answer_table``, all of a class.
        changed: Those of them that are marked.
        dark: Whether the page is dark.
    """
    colours = palette(dark)
    alike = answers[answers["kind"] == SAME]
    edges = np.linspace(0, 100, _BINS + 1)
    counts, _, _ = np.histogram2d(alike["dense_sure"], alike["pruned_sure"], bins=[edges, edges])
    middles = (edges[1:] + edges[:-1]) / 2
    figure = go.Figure(
        go.Heatmap(
            x=middles, y=middles, z=np.where(counts.T > 0, np.log10(counts.T + 1), np.nan),
            meta={"z": counts.T.astype(int).tolist()},
            text=counts.T.astype(int), colorscale=[[0, "#D9DFE6" if not dark else "#2A323B"],
                                                   [1, QUIET]],
            showscale=False, hoverongaps=False, name="Answered alike",
            hovertemplate="%{text} answered alike<br>dense %{x:.1f} % sure, pruned %{y:.1f} %"
            "<extra></extra>",
        )
    )  # fmt: skip
    moved = (changed["pruned_sure"] - changed["dense_sure"]).abs()
    shown = changed.loc[moved.sort_values(ascending=False).index[:_MOST]]
    for kind, colour in ((LOST, colours[1]), (WON, colours[2]), (OTHER, colours[4])):
        rows = shown[shown["kind"] == kind]
        if rows.empty:
            continue
        said = [
            f"sample {row.sample}{f', is {plain.mark(row.target)}' if row.target else ''}<br>"
            f"{plain.mark(row.dense)} → {plain.mark(row.pruned)}"
            for row in rows.itertuples()
        ]
        figure.add_trace(
            go.Scatter(
                x=rows["dense_sure"], y=rows["pruned_sure"], mode="markers", name=KINDS[kind],
                marker={"color": colour, "symbol": _SYMBOLS[kind], "size": 8}, text=said,
                hovertemplate="%{text}<br>dense %{x:.1f} % sure, pruned %{y:.1f} %<extra></extra>",
            )
        )  # fmt: skip
    figure.add_shape(
        type="line", x0=0, y0=0, x1=100, y1=100, line={"color": QUIET, "width": 1, "dash": "dot"}
    )
    figure.update_layout(
        height=HEIGHT, margin={"l": 8, "r": 8, "t": 8, "b": 8}, showlegend=True,
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.01, "x": 0, "title": None},
    )  # fmt: skip
    figure.update_xaxes(
        title="Dense network is sure, %", range=[0, 102], zeroline=False, showgrid=False
    )
    figure.update_yaxes(
        title="Pruned network is sure, %", range=[0, 102], zeroline=False, showgrid=False
    )
    return figure
