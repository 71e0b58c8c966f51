"""Screened curves are dashed, on their own axis, and gone once everything is measured."""

import pandas as pd
import plotly.graph_objects as go

from prunescope.dashboard.charts.screened import AXIS, add_screened, unmeasured


def screened(criterion: str, values: dict[float, float], recovery: str = "none") -> pd.DataFrame:
    rows = [
        {"subject": "a", "criterion": criterion, "granularity": "weight", "sparsity": sparsity,
         "recovery": recovery, "seed": 0, "removed": 1, "total": 9, "error": error}
        for sparsity, error in values.items()
    ]  # fmt: skip
    return pd.DataFrame(rows)


def measured(method: str, *sparsities: float) -> pd.DataFrame:
    rows = [{"method": method, "sparsity": each, "recovery": "none"} for each in sparsities]
    return pd.DataFrame(rows, columns=["method", "sparsity", "recovery"])


def test_a_curve_is_dashed_until_its_last_point_is_measured() -> None:
    rows = screened("magnitude", {0.5: 0.1, 0.9: 0.6})
    assert list(unmeasured(rows, measured("magnitude"))["error"]) == [0.1, 0.6]
    assert list(unmeasured(rows, measured("magnitude", 0.5))["sparsity"]) == [0.5, 0.9]
    assert unmeasured(rows, measured("magnitude", 0.5, 0.9)).empty
    assert unmeasured(rows.iloc[:0], measured("magnitude")).empty


def test_it_has_an_axis_of_its_own_that_says_what_it_is() -> None:
    rows = unmeasured(screened("magnitude", {0.9: 0.6, 0.5: 0.1}), measured("magnitude"))
    figure = go.Figure()
    add_screened(figure, rows, {"magnitude": "#123456"})
    (trace,) = figure.data
    assert trace.yaxis == "y2"
    assert trace.line.dash == "dash"
    assert list(trace.x) == [0, 50, 90]
    assert list(trace.y) == [0, 10, 60]
    assert "screened" in trace.name
    assert figure.layout.yaxis2.title.text == AXIS
    assert figure.layout.yaxis2.side == "right"


def test_without_rows_nothing_is_added() -> None:
    figure = go.Figure()
    add_screened(figure, unmeasured(screened("x", {0.5: 0.1}), measured("x", 0.5)), {})
    assert not figure.data
    assert "yaxis2" not in figure.to_dict()["layout"]
