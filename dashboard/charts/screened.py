"""Screened points beside measured ones: dashed, on an axis of their own, never as accuracy."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from prunescope.text import plain

AXIS = "Relative output error (screened), %"


def unmeasured(screened: pd.DataFrame, measured: pd.DataFrame) -> pd.DataFrame:
    """Return the screened curves of which some point is not measured yet; inputs not modified.

    Args:
        screened: Rows of one subject, with recovery ``none``, as the study holds them.
        measured: Points of the same subject, as from ``prunescope.curves.means.measured_points``.
    """
    rows = screened.assign(method=_method(screened))
    if rows.empty:
        return rows
    stored = set(measured[["method", "sparsity", "recovery"]].itertuples(index=False, name=None))
    keys = rows[["method", "sparsity", "recovery"]].itertuples(index=False, name=None)
    missing = rows["method"][[key not in stored for key in keys]]
    kept = rows[rows["method"].isin(set(missing)) & (rows["recovery"] == "none")]
    return kept.groupby(["method", "sparsity"], as_index=False, sort=False).agg(
        error=("error", "mean"), removed=("removed", "first"), total=("total", "first")
    )


def add_screened(figure: go.Figure, rows: pd.DataFrame, colours: Mapping[str, str]) -> None:
    """Draw ``rows``, from ``unmeasured``, into ``figure`` on a second axis at the right.

    Nothing is drawn, and no axis added, where there are no rows.
    """
    if rows.empty:
        return
    for method, group in rows.groupby("method", sort=False):
        ordered = group.sort_values("sparsity")
        figure.add_trace(
            go.Scatter(
                x=np.concatenate([[0.0], 100 * ordered["sparsity"]]),
                y=np.concatenate([[0.0], 100 * ordered["error"]]),
                name=f"{plain.mark(method)}, screened", mode="lines", yaxis="y2",
                line={"color": colours.get(str(method)), "width": 1.5, "dash": "dash"},
                hovertemplate="%{x:g} %: layer outputs change by %{y:.1f} % (squared, relative)"
                f"<extra>{method}, screened, not measured</extra>",
            )
        )  # fmt: skip
    figure.update_layout(
        yaxis2={
            "title": AXIS, "overlaying": "y", "side": "right", "rangemode": "tozero",
            "showgrid": False, "zeroline": False, "automargin": True,
        }
    )  # fmt: skip


def _method(rows: pd.DataFrame) -> "pd.Series[str]":
    plain = rows["granularity"] == "weight"
    return rows["criterion"].where(plain, rows["criterion"] + "@" + rows["granularity"])
