"""The line at the top of the page *Plan* says what prediction, counts and tables say."""

from dataclasses import replace
from pathlib import Path

import pytest

from prunescope.dashboard.views.plan.head_words import HeadWords, head_words
from prunescope.latency.machine import machine
from prunescope.latency.table.predict_time import LatencyPrediction, Setting
from prunescope.planning.preview import preview
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Choice, Plan
from tests.dashboard.plan_words import PlanTruth

HALF = {"conv1": Choice("magnitude", 0.5), "fc1": Choice("magnitude", 0.9)}
HERE = Setting(machine(), "PyTorch", "2", "float32", 1, 1)
TIME = LatencyPrediction(HERE, 0.002, 0.0019, 0.0021, 0.004, 0.05, 0.1, 9, False)


@pytest.fixture
def study(checked_once: Path) -> StudyFolder:
    return StudyFolder.open(checked_once / "lenet5")


def line(
    study: StudyFolder, choices: dict[str, Choice], measured: float | None = None,
    time: LatencyPrediction | None = None,
) -> HeadWords:  # fmt: skip
    truth = PlanTruth(study, Plan("half", study.manifest.fingerprint, choices))
    return head_words(
        study.manifest, truth.plan, truth.curves, truth.predicted(), measured, time
    )  # fmt: skip


def test_the_line_is_the_prediction_and_the_counts(study: StudyFolder) -> None:
    truth = PlanTruth(study, Plan("half", study.manifest.fingerprint, HALF))
    guess, size, baseline = truth.predicted(), None, study.manifest.baseline
    assert baseline is not None
    assert guess.drop is not None
    assert guess.interval is not None
    size = preview(study.manifest, truth.plan, truth.curves)
    made = line(study, HALF, 0.9, TIME)
    assert made.dense == f"{100 * baseline.score:.2f} %"
    assert made.score == f"{100 * (baseline.score - guess.drop):.2f} %"
    ends = [100 * (baseline.score - end) for end in (guess.interval.high, guess.interval.low)]
    assert made.span == f"({ends[0]:.2f} to {ends[1]:.2f} %)"
    assert made.macs == "100.0 %"
    assert made.parameters == f"{100 * size.kept / size.parameters:.1f} %"
    assert made.speed == "2.00× faster here"
    assert made.how == "predicted | measured 90.00 %"


def test_past_what_was_measured_only_one_end_is_said(study: StudyFolder) -> None:
    made = line(study, HALF | {"conv2": Choice("magnitude", 0.95)})
    assert made.score.startswith("at most ")
    assert (made.span, made.speed, made.how) == ("", "", "predicted")


def test_what_nobody_timed_here_is_not_said(study: StudyFolder) -> None:
    elsewhere = replace(TIME, setting=replace(HERE, machine="another"))
    assert line(study, HALF, None, elsewhere).speed == ""
    assert line(study, HALF, None, replace(TIME, seconds=0.008)).speed == "2.00× slower here"
    assert line(study, {}, None, TIME).speed == ""
    assert line(study, {}).how == "nothing is pruned yet"
