"""How much every plan of the trade-off removes of one layer, as a strip under it."""

from collections.abc import Mapping
from typing import Final

import pandas as pd
import plotly.graph_objects as go

from prunescope.study.plan import Plan
from prunescope.text import plain

_STRIP: Final = 150
"""Pixels that the strip takes with its axis."""
_APART: Final = 24


def add_layer(
    figure: go.Figure, points: pd.DataFrame, plans: Mapping[str, Plan], name: str
) -> None:
    """Draw a strip under ``figure`` over the same costs, and say the same in its hover texts.

    Args:
        figure: From ``front_figure`` of the same points; changed.
        points: As in ``prunescope.dashboard.tables.front.Shown.points``.
        plans: Digest → plan, of every point.
        name: Of the layer or group.
    """
    removed = {
        digest: 100 * choice.sparsity if (choice := plans[digest].choices.get(name)) else 0.0
        for digest in points["digest"] if digest in plans
    }  # fmt: skip
    height = figure.layout.height + _STRIP
    top = _STRIP / (height - 60)  # without what title and legend take
    label = plain.mark(name)
    for trace in [trace for trace in figure.data if trace.customdata is not None]:
        shares = [removed.get(digest, float("nan")) for digest, *_ in trace.customdata]
        own = go.Scatter(
            x=trace.x, y=shares, mode=trace.mode, marker=trace.marker, line=trace.line,
            name=f"{trace.name}, % of {label} removed", showlegend=False,
            customdata=trace.customdata,
            hovertemplate=f"<b>%{{customdata[1]}}</b><br>{label}: %{{y:.4g}} % removed<br>"
            f"cost %{{x:.1f}} %<extra>{trace.name}</extra>",
            yaxis="y2",
        )  # fmt: skip
        trace.customdata = [
            [*row, share] for row, share in zip(trace.customdata, shares, strict=True)
        ]
        trace.hovertemplate = trace.hovertemplate.replace(
            "<extra>", f"<br>{label}: %{{customdata[3]:.4g}} % removed<extra>"
        )
        figure.add_trace(own)
    figure.update_layout(
        height=height,
        yaxis={"domain": [top + _APART / height, 1]},
        yaxis2={
            "domain": [0, top], "anchor": "x", "range": [-8, 108], "tickvals": [0, 50, 100],
            "title": f"{_short(label)}, %<br>removed", "zeroline": False, "automargin": True,
        },
        xaxis={"anchor": "y2"},
    )  # fmt: skip


def _short(label: str) -> str:
    """The end of a name, which tells it from others, where the strip is too low for all of it."""
    most = 18
    return label if len(label) <= most else f"…{label[-most + 1 :]}"
