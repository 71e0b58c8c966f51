"""Time over the units that one group keeps, per runtime."""

from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go

from prunescope.charts.colours import palette
from prunescope.latency.table.predict_time import Setting
from prunescope.latency.table.staircase import StaircaseStep
from prunescope.text import plain


def staircase_frame(known: Mapping[Setting, Sequence[StaircaseStep]]) -> pd.DataFrame:
    """Return one row per setting and count: columns of ``StaircaseStep``, and ``setting``."""
    return pd.DataFrame(
        [
            {
                "setting": f"{setting.runtime}, batch {setting.batch}",
                "kept": step.kept, "ratio": step.ratio, "timed": step.timed,
                "low": step.low, "high": step.high,
            }
            for setting, steps in known.items()
            for step in steps
        ],
        columns=["setting", "kept", "ratio", "timed", "low", "high"],
    )  # fmt: skip


def staircase_figure(frame: pd.DataFrame, dark: bool) -> go.Figure:
    """Return cleaned time as a line of steps, and timed counts with their intervals as marks.

    Args:
        frame: As from ``staircase_frame``; ratios to the dense time.
        dark: Whether the page is dark.
    """
    figure = go.Figure()
    colours = palette(dark)
    for place, (name, rows) in enumerate(frame.groupby("setting", sort=False)):
        colour = colours[place % len(colours)]
        figure.add_trace(
            go.Scatter(
                x=rows["kept"], y=rows["ratio"], mode="lines", name=plain.mark(name),
                line={"color": colour, "width": 2, "shape": "vh"},
                hovertemplate="%{x} kept: %{y:.3f}× the dense time<extra>%{fullData.name}</extra>",
            )
        )  # fmt: skip
        timed = rows[rows["timed"].notna()]
        figure.add_trace(
            go.Scatter(
                x=timed["kept"], y=timed["timed"], mode="markers",
                name=f"{plain.mark(name)}, timed",
                marker={"color": colour, "size": 7}, showlegend=False,
                error_y={
                    "type": "data", "symmetric": False, "array": timed["high"] - timed["timed"],
                    "arrayminus": timed["timed"] - timed["low"], "thickness": 1,
                },
                hovertemplate="%{x} kept, timed: %{y:.3f}×<extra></extra>",
            )
        )  # fmt: skip
    figure.update_layout(
        height=240, margin={"l": 8, "r": 8, "t": 8, "b": 8}, uirevision="same",
        legend={"orientation": "h", "y": 1.12},
    )  # fmt: skip
    figure.update_xaxes(title="Units kept", showgrid=False, zeroline=False)
    figure.update_yaxes(title="Time / dense", zeroline=False, automargin=True)
    return figure
