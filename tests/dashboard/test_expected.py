"""What is expected of the draft, what vouches for it, and jobs that measure what it lacks."""

from pathlib import Path

import pytest

from prunescope.commands import Calibrate, Request, Sweep, Verify
from prunescope.planning.prediction.prior_interval import NETWORKS
from prunescope.store.folder import StudyFolder
from tests.dashboard.page import Open, metric, shared, texts


def test_a_measured_plan_stands_beside_its_prediction(
    study: StudyFolder, studies: Path, open_page: Open
) -> None:
    at = open_page(studies, "plan", plan=shared(study, fc1=0.6, fc2=0.6))
    row = study.verified().iloc[0]
    assert metric(at, "Measured top-1") == f"{100 * row['score_sum'] / row['samples']:.2f} %"
    assert "not yet checked" in texts(at)  # its own measurement does not count for its error
    assert "takes at least one other that prunes two" in texts(at)
    assert f"from {NETWORKS} other networks, before any other plan of this study" in texts(at)
    other = open_page(studies, "plan", plan=shared(study, fc1=0.3, fc2=0.3))
    assert metric(other, "Measured top-1") == "–"
    assert "over 1 measured plan" in texts(other)
    assert "in nine plans of ten, from 1 verified plan of this study" in texts(other)


def test_one_layer_alone_is_read_off_its_curve(
    study: StudyFolder, studies: Path, open_page: Open
) -> None:
    """Its interval is the measured one: no rule predicted it, and no other plan vouches for it."""
    said = texts(open_page(studies, "plan", plan=shared(study, fc1=0.3)))
    assert "One part alone: read off its own curve." in said
    assert "pt, 95 %, of its own curve)." in said
    assert "Back-tested" not in said
    assert "in nine plans of ten" not in said


def test_combinations_are_measured_where_none_vouches_for_a_prediction(
    study: StudyFolder, studies: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Request] = []
    monkeypatch.setattr(
        "prunescope.dashboard.shared.launch.start",
        lambda study, request: started.append(request),
    )
    at = open_page(studies, "plan", plan=shared(study, fc1=0.6, fc2=0.6))
    at.button(key="measure combinations").click().run()
    assert started == [Calibrate(9, "none")]


def test_what_a_plan_lacks_is_measured_by_one_press(
    study: StudyFolder, studies: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Request] = []
    monkeypatch.setattr(
        "prunescope.dashboard.shared.launch.start",
        lambda study, request: started.append(request),
    )
    at = open_page(studies, "plan", plan=shared(study, fc1=0.99, fc2=0.6))
    assert "fc1: measured only up to 0.95, so only a lower end of the drop is known" in texts(at)
    at.button(key="measure gaps").click().run()
    assert started == [Sweep(methods=("magnitude",), layers=("fc1",), sparsities="0.99")]


def test_measuring_a_plan_is_a_job_with_the_plan_in_a_file(
    study: StudyFolder, studies: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Request] = []
    monkeypatch.setattr(
        "prunescope.dashboard.shared.launch.start",
        lambda study, request: started.append(request),
    )
    at = open_page(studies, "plan", plan=shared(study, fc1=0.3))
    at.button(key="measure").click().run()
    (request,) = started
    assert isinstance(request, Verify)
    assert Path(request.plan).is_file()
