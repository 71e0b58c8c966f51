"""Timed smaller models on the pages: a plan's prediction, a group's staircase, and the job."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from prunescope.bench.workbench import Workbench
from prunescope.commands import Request, Time
from prunescope.latency.table.rows import stored_rows
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Choice, Plan
from tests.analysis.latency.table.made import draws, row, truth

Open = Callable[..., AppTest]


@pytest.fixture
def timed(lenet5: Workbench, tmp_path: Path) -> StudyFolder:
    """LeNet-5 with ten timed plans and two steps of conv2's staircase, on a known machine."""
    manifest = lenet5.manifest
    study = StudyFolder.create(tmp_path / "studies" / "lenet5", manifest)
    plans = [*draws(manifest, 10), {"conv2": 25}, {"conv2": 18}]
    rows = [row(manifest, p, t) for p, t in zip(plans, truth(manifest, plans), strict=True)]
    stored_rows(study.folder).append(rows)
    choices = {"conv2": Choice("l1", 0.2, "channel")}
    study.save_plan(Plan("smaller", manifest.fingerprint, choices))
    return study


def test_a_plan_is_predicted_and_more_models_are_a_job(
    timed: StudyFolder, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Request] = []
    monkeypatch.setattr(
        "prunescope.dashboard.shared.measured_speed.start",
        lambda study, request: started.append(request),
    )
    at = open_page(timed.folder.parent, "export")
    at.selectbox(key="export plan").set_value("smaller").run()
    assert not at.exception
    (said,) = [each.value for each in at.caption if "held-out" in each.value]
    assert "Timed on a CPU, not on this machine" in said
    assert "PyTorch 2" in said
    at.selectbox(key="staircase group").set_value("conv2").run()
    at.number_input(key="time batch").set_value(32).run()
    at.button(key="time table").click().run()
    assert not at.exception
    assert started == [Time(batch=32, budget=120)]
