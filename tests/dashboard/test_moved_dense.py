"""Re-estimated batch norm moves the dense score: no page subtracts its drops from the old one."""

import base64
import json
from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from prunescope.charts.curves import curves_figure
from prunescope.curves.means import measured_points
from prunescope.dashboard.shared.link import encode_plan
from prunescope.store.folder import StudyFolder
from prunescope.store.parquet_table import rows_of
from prunescope.study.plan import Choice, Plan
from tests.dashboard.conftest import Digits, both
from tests.dashboard.page import Open, metric

GAIN = 0.02
"""What the recovery does to the dense score."""


@pytest.fixture
def study(study: StudyFolder, digits: Digits) -> StudyFolder:
    """With the same scores after ``bn``, where the dense network gains two points by it."""
    rows = study.measured()
    rows = rows.assign(recovery="bn", drop_sum=rows["drop_sum"] + GAIN * rows["samples"])
    study.measurements.append(rows_of(study.measurements, rows))
    row = digits.verification(replace(both(study.manifest, 0.8), recovery="bn"))
    study.verifications.append([replace(row, drop_sum=row.drop_sum + GAIN * row.samples)])
    return study


def page(study: StudyFolder, open_page: Open, **sparsities: float) -> AppTest:
    choices = {name: Choice("magnitude", value) for name, value in sparsities.items()}
    plan = Plan("p", study.manifest.fingerprint, choices, "bn")
    return open_page(study.folder.parent, "plan", plan=encode_plan(plan, study.manifest))


def drawn(at: AppTest, name: str) -> list[float]:
    """Scores of the marks of this name in the trade-off chart, in percent."""
    figure = json.loads(at.get("plotly_chart")[-1].proto.spec)
    (found,) = [trace["y"] for trace in figure["data"] if trace.get("name") == name]
    return [float(y) for y in np.frombuffer(base64.b64decode(found["bdata"]), found["dtype"])]


def test_one_layer_is_predicted_to_score_what_it_was_measured_at(
    study: StudyFolder, open_page: Open
) -> None:
    at = page(study, open_page, fc1=0.6)
    rows = study.measured().query("subject=='fc1' and criterion=='magnitude' and sparsity==0.6")
    (score,) = set(rows["score_sum"] / rows["samples"])
    assert metric(at, "Predicted top-1") == f"{100 * score:.2f} %"
    assert drawn(at, "This plan, predicted") == [pytest.approx(100 * score)]


def test_a_measured_plan_has_one_score_on_the_page(study: StudyFolder, open_page: Open) -> None:
    at = page(study, open_page, fc1=0.8, fc2=0.8)
    (row,) = [r for r in study.verified().to_dict("records") if '"bn"' in r["plan"]]
    score = 100 * row["score_sum"] / row["samples"]
    assert metric(at, "Measured top-1") == f"{score:.2f} %"
    assert drawn(at, "This plan, measured") == [pytest.approx(score)]
    assert any(y == pytest.approx(score) for y in drawn(at, "Measured plans"))


def test_a_plan_that_removes_nothing_scores_what_the_recovery_makes_of_the_dense_one(
    study: StudyFolder, open_page: Open
) -> None:
    baseline = study.manifest.baseline
    assert baseline is not None
    at = page(study, open_page)
    assert metric(at, "Predicted top-1") == f"{100 * (baseline.score + GAIN):.2f} %"


def test_a_curve_begins_at_the_dense_score_of_its_recovery(study: StudyFolder) -> None:
    frame = study.measured()
    frame = frame[(frame["subject"] == "fc1") & (frame["criterion"] == "magnitude")]
    points = measured_points(frame)
    colours = {"magnitude": "#2459B8"}
    lines = {t.name: t.y for t in curves_figure(points, colours, 0.9, moved={"bn": 0.92}).data}
    assert lines["magnitude"][0] == pytest.approx(90)
    assert lines["magnitude + bn"][0] == pytest.approx(92)
    seen = measured_points(frame.assign(population=2 * frame["samples"]))
    figure = curves_figure(seen, colours, 0.9, limit=0.01, moved={"bn": 0.92})
    (line,) = [t for t in figure.data if t.name == "magnitude + bn"]
    own = seen[seen["recovery"] == "bn"].sort_values("sparsity")
    assert list(line.y[1:]) == pytest.approx(list(100 * (0.92 - own["drop"])))
    said = {each.text for each in figure.layout.annotations}
    assert {"dense", "dense + bn", "accepted drop 1 pt", "accepted drop 1 pt + bn"} == said
