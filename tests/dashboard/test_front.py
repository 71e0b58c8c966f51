"""The trade-off chart: a job sweeps it, marks tell predicted from measured, a click opens."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from prunescope.commands import Pareto, Request
from prunescope.curves.curve import curves
from prunescope.dashboard.charts.front import front_figure
from prunescope.dashboard.tables.front import COLUMNS, shown
from prunescope.dashboard.views.plan.front_chart import opened_by
from prunescope.planning.pareto import Front, FrontPoint, save_front
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Choice, Plan
from prunescope.text.scores import PERCENT_WORDS
from tests.dashboard.page import Open


@pytest.fixture
def at(studies: Path, open_page: Open) -> AppTest:
    return open_page(studies, "plan")


def test_the_front_is_swept_by_a_job_with_the_goal_as_it_is(
    at: AppTest, study: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Request] = []
    monkeypatch.setattr(
        "prunescope.dashboard.shared.launch.start",
        lambda folder, request: started.append(request),
    )
    at.multiselect(key="goal budgets").set_value(["parameters", "compressed-bytes"]).run()
    at.slider(key="goal compressed-bytes").set_value(60).run()
    at.button(key="sweep front").click().run()
    assert started == [
        Pareto(cost="parameters", target=("compressed-bytes=0.6",), objective="divergence")
    ]


def test_the_chart_tells_predicted_from_measured(study: StudyFolder) -> None:
    plan = Plan("front 1", study.manifest.fingerprint, {"fc1": Choice("magnitude", 0.6)})
    point = FrontPoint(1000.0, 0.1, 0.09, 0.02, 0.01, 0.03, plan)
    found = Front("parameters", 2000.0, "drop", study.manifest.fingerprint, "none", "sum", (point,))
    saved = Plan("mine", study.manifest.fingerprint, {"fc2": Choice("magnitude", 0.6)})
    from prunescope.planning.pose_goal import predictor
    from prunescope.planning.prediction import Record

    known = curves(study.measured(), study.manifest)
    record = Record.of(study.manifest, known, study.verified(), None)
    guess = predictor(study.manifest, known, record, None)
    made = shown(study.manifest, known, found, study.verified(), [saved], lambda _: 0.5, guess)
    assert list(made.points.columns) == list(COLUMNS)
    assert sorted(made.points["kind"]) == ["front", "measured", "saved"]
    assert set(made.points["digest"]) == made.plans.keys()
    figure = front_figure(made.points, "Parameters", PERCENT_WORDS, 0.9, dark=False)
    marks = {trace.name: trace.marker.symbol for trace in figure.data if trace.name}
    assert marks["Front, predicted"].endswith("open")
    assert marks["Saved, predicted"].endswith("open")
    assert not marks["Measured plans"].endswith("open")
    (trace,) = [each for each in figure.data if each.name == "Front, predicted"]
    base = study.manifest.baseline
    assert base is not None
    assert trace.y[0] == pytest.approx(100 * (base.score - 0.02))
    assert trace.x[0] == 50.0


@pytest.mark.parametrize("score", [0.86, 0.9, 0.97])
def test_this_plan_is_in_view_though_it_gains(score: float) -> None:
    row = ("p", "d", 0.5, score, score - 0.01, score + 0.01, "draft")
    figure = front_figure(
        pd.DataFrame([row], columns=list(COLUMNS)), "MACs", PERCENT_WORDS, 0.9, dark=False
    )
    low, high = figure.layout.yaxis.range
    assert low < 100 * min(score, 0.9) <= 100 * max(score, 0.9) < high


def test_a_click_opens_the_plan_behind_the_mark(study: StudyFolder) -> None:
    plan = Plan("p", study.manifest.fingerprint, {"fc1": Choice("magnitude", 0.6)})
    known = {plan.digest: plan}
    point: dict[str, Any] = {"customdata": [plan.digest, "p", 0.1, 0.2]}
    assert opened_by([point], known) is plan
    assert opened_by([], known) is None
    for bad in ({}, {"customdata": None}, {"customdata": ["other"]}, {"customdata": [3]}):
        assert opened_by([bad], known) is None


def test_a_stored_front_is_on_the_page(study: StudyFolder, studies: Path, open_page: Open) -> None:
    plan = Plan("front 1", study.manifest.fingerprint, {"fc1": Choice("magnitude", 0.6)})
    point = FrontPoint(1000.0, 0.1, 0.09, 0.02, 0.01, 0.03, plan)
    found = Front("parameters", 2000.0, "drop", study.manifest.fingerprint, "none", "sum", (point,))
    save_front(study.folder, found)
    at = open_page(studies, "plan")
    assert not at.exception
    assert at.button(key="sweep front").label == "Sweep it again"
    assert "Front, predicted" in at.get("plotly_chart")[-1].proto.spec
