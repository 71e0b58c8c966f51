"""The sweep form offers what the command line does, and says beforehand what it costs."""

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from prunescope.commands import Sweep
from prunescope.jobs import Job
from prunescope.jobs.records import JobRecord
from prunescope.jobs.worker import running
from prunescope.store.folder import StudyFolder
from prunescope.store.json_documents import write_document
from prunescope.sweep.pace import last_pace
from prunescope.sweep.preflight import folder_bytes
from prunescope.text import units
from tests.dashboard.page import texts

Open = Callable[..., AppTest]
Started = list[Sweep]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Started:
    """What the form starts, in place of starting it."""
    found: Started = []
    monkeypatch.setattr(
        "prunescope.dashboard.views.study.sweep_form.start",
        lambda study, request: found.append(request),
    )
    return found


def ran(study: StudyFolder, **figures: float) -> Job:
    """A sweep that ran as a job and said where it stood."""
    folder = study.folder / "jobs" / "0001-sweep"
    write_document(folder / "job.json", JobRecord(("sweep", "x"), 0.0))
    with running(folder) as progress:
        progress.start(10, "measuring")
        progress.stand(**figures)
        progress.advance(10, "fc1")
    from prunescope.jobs import jobs

    return jobs(study.folder)[0]


@pytest.mark.parametrize(
    ("mode", "details", "expected"),
    [
        ("exact", {}, ""),
        ("adaptive", {}, "--mode adaptive"),
        ("adaptive", {"sweep tolerance": 1.0}, "--mode adaptive --tolerance 0.01"),
        (
            "adaptive", {"sweep decides": True, "sweep limit": 3.0},
            "--mode adaptive --limit 0.03",
        ),
        ("decide", {}, "--mode decide --limit 0.02"),
        (
            "decide", {"sweep limit": 1.5, "sweep monotone": False, "sweep familywise": True},
            "--mode decide --limit 0.015 --no-monotone --familywise",
        ),
        ("exact", {"sweep budget": "5 min"}, "--budget 300s"),
    ],
)  # fmt: skip
def test_every_choice_reaches_the_command(
    mode: str, details: dict[str, object], expected: str, studies: Path, open_page: Open,
    started: Started,
) -> None:  # fmt: skip
    at = open_page(studies)
    at.text_input(key="sweep sparsities").set_value("0.5").run()
    at.segmented_control(key="sweep mode").set_value(mode).run()
    for key, value in details.items():
        (widget,) = [
            each
            for kind in (at.toggle, at.number_input, at.text_input)
            for each in kind
            if each.key == key
        ]
        widget.set_value(value).run()
    at.button(key="sweep start").click().run()
    assert not at.exception
    (request,) = started
    assert request.arguments("S") == [
        "sweep", "--study", "S", "--sparsities", "0.5", *shlex.split(expected)
    ]  # fmt: skip


def test_the_recoveries_are_offered(studies: Path, open_page: Open, started: Started) -> None:
    at = open_page(studies)
    at.text_input(key="sweep sparsities").set_value("0.5").run()
    pills = next(each for each in at.get("button_group") if each.key == "sweep recovery")
    assert [option.content for option in pills.proto.options] != []
    pills.set_value(["none", "bn", "ls"]).run()
    assert at.button(key="sweep start").label == "Measure 9 points"
    at.button(key="sweep start").click().run()
    assert started[0].recovery == ("none", "bn", "ls")


def test_a_budget_that_is_no_time_is_refused_before_anything_starts(
    studies: Path, open_page: Open, started: Started
) -> None:
    at = open_page(studies)
    at.text_input(key="sweep sparsities").set_value("0.5").run()
    at.text_input(key="sweep budget").set_value("soon").run()
    assert "Expected a time such as 90s, 5m or 1h, but got 'soon'." in at.error[0].value
    assert at.button(key="sweep start").disabled


def test_points_time_and_size_are_stated_before_the_start(
    study: StudyFolder, studies: Path, open_page: Open
) -> None:
    at = open_page(studies)
    at.text_input(key="sweep sparsities").set_value("0.5,0.7").run()
    said = texts(at)
    assert "**6 points** on 797 validation samples each." in said
    assert "is known once a sweep has run here" in said
    size = folder_bytes(study.folder)
    assert (
        f"takes {units.bytes_(size)} on disk now and at most {units.bytes_(size + 12000)}" in said
    )

    macs = 2 * 797 * sum(k * layer.macs for k, layer in enumerate(study.manifest.layers, start=1))
    job = ran(study, macs_counted=4.0 * macs, seconds=240.0)
    at = open_page(studies)
    at.text_input(key="sweep sparsities").set_value("0.5,0.7").run()
    said = texts(at)
    assert "About **1 min 0 s** for" in said
    assert f"per second of {job.id}" in said
    at.segmented_control(key="sweep mode").set_value("decide").run()
    assert "At most **1 min 0 s**" in texts(at)
    assert "up to 797 validation samples" in texts(at)


def test_a_pace_is_that_of_the_last_sweep_which_told_one(study: StudyFolder) -> None:
    assert last_pace(study.folder) is None
    ran(study, macs_counted=300.0, seconds=2.0)
    pace = last_pace(study.folder)
    assert pace is not None
    assert (pace.job, pace.rate) == ("0001-sweep", 150.0)
    write_document(study.folder / "jobs/0002-sweep/job.json", JobRecord(("sweep", "y"), 0.0))
    assert last_pace(study.folder) == pace
