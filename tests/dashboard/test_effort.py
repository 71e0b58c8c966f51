"""The sweep form offers what the command line does, and says beforehand what it costs."""

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from prunescope.commands import Sweep
from prunescope.store.folder import StudyFolder
from prunescope.study.recoveries import TITLES
from prunescope.sweep.pace import WHOLE, Pace, stored_paces
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


def ran(study: StudyFolder, macs: float, seconds: float, kind: str = "none weight") -> None:
    """A sweep of the study that took ``seconds`` of processor time, and twice that on the clock."""
    rows = [Pace(1.0, name, 3, macs, seconds, 2 * seconds) for name in (kind, WHOLE)]
    stored_paces(study.folder).append(rows)


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
        (
            "exact", {"sweep device": "cpu", "sweep precision": "bf16"},
            "--device cpu --precision bf16",
        ),
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
            for kind in (at.toggle, at.number_input, at.text_input, at.selectbox)
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
    offered = at.multiselect(key="sweep recovery")
    assert offered.options == list(TITLES.values())
    offered.set_value(["none", "bn", "ls"]).run()
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
    assert "known once points of every kind have run here" in said
    size = folder_bytes(study.folder)
    assert (
        f"takes {units.bytes_(size)} on disk now and at most {units.bytes_(size + 12000)}" in said
    )

    macs = 2 * 797 * sum(k * layer.macs for k, layer in enumerate(study.manifest.layers, start=1))
    ran(study, 4.0 * macs, 240.0)
    at = open_page(studies)
    at.text_input(key="sweep sparsities").set_value("0.5,0.7").run()
    said = texts(at)
    assert "About **40 s to 1 min 30 s of processor time** for" in said
    assert "the machine is busy: on the clock 2 times as long" in said
    at.segmented_control(key="sweep mode").set_value("decide").run()
    assert "At most **40 s to 1 min 30 s" in texts(at)
    assert "up to 797 validation samples" in texts(at)


def test_a_kind_of_points_that_never_ran_has_no_pace(
    study: StudyFolder, studies: Path, open_page: Open
) -> None:
    """A refit costs far more than its multiply-accumulates: other points say nothing of it."""
    ran(study, 1e9, 240.0, kind="ls weight")
    at = open_page(studies)
    at.text_input(key="sweep sparsities").set_value("0.5").run()
    assert "known once points of every kind have run here" in texts(at)
