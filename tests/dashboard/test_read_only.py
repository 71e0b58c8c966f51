"""A read-only dashboard: every control is tried, and nothing on the disk changes."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from prunescope.dashboard.shared import rights
from prunescope.errors import ReadOnly
from prunescope.jobs import jobs, keep_warm_worker, launch, start
from prunescope.jobs.records import JOB, EndRecord, JobRecord
from prunescope.jobs.warm_worker import SWITCH
from prunescope.store.folder import StudyFolder
from prunescope.store.json_documents import write_document
from prunescope.store.parquet_table import rows_of
from prunescope.store.read_only import READ_ONLY
from prunescope.study.plan import Choice, Plan
from tests.dashboard.page import Open, shared, texts

PAGES = ("study", "curves", "plan", "plans", "recover", "export")
LEAVING = ("Open the ", "open plan ")
TOUR = "show"
"""Takes the place of every page."""
WHY = "This dashboard is read-only"


def state(folder: Path) -> dict[str, str]:
    """Every path below ``folder``, what it holds and when it was changed."""
    found = {}
    for path in sorted(folder.rglob("*")):
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        found[str(path)] = f"{content} {path.stat().st_mtime_ns}"
    return found


@pytest.fixture
def read_only(study: StudyFolder, monkeypatch: pytest.MonkeyPatch) -> StudyFolder:
    """A study with a saved plan, a waiting job, a job that failed, and a damaged table."""
    saved = Plan("mine", study.manifest.fingerprint, {"fc1": Choice("magnitude", 0.6)})
    study.save_plan(saved)
    old = study.folder / "jobs" / "0001-sweep"
    write_document(old / JOB, JobRecord(("sweep", "--study", str(study.folder)), 0.0))
    write_document(old / "end.json", EndRecord("failed", 1.0, "Expected more, but got less."))
    waiting = study.folder / "jobs" / "0002-verify"
    write_document(waiting / JOB, JobRecord(("verify", str(study.folder)), 9e9, owner="Ada"))
    (study.folder / "verifications" / "0123456789abcdef0123.parquet").write_bytes(b"PAR1")
    monkeypatch.setenv(READ_ONLY, "1")
    monkeypatch.setenv(SWITCH, "1")
    return study


@pytest.mark.parametrize("forged", [False, True])
@pytest.mark.parametrize("page", PAGES)
def test_every_control_of_a_page_changes_nothing(
    page: str, forged: bool, read_only: StudyFolder, studies: Path, open_page: Open,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    if forged:  # a browser that presses dead controls: then the mechanism has to refuse
        monkeypatch.setattr(rights, "locked", lambda: False)
    before = state(studies)
    at = open_page(studies, page, plan=shared(read_only, fc1=0.5, fc2=0.6))
    assert not at.exception
    pressed: set[str | None] = set()
    while left := [each for each in at.button if each.key not in pressed and not each.disabled]:
        # To another page last, and after that the tour.
        left.sort(key=lambda each: (each.key == TOUR, str(each.key).startswith(LEAVING)))
        pressed.add(left[0].key)
        left[0].click().run()
        assert not at.exception, left[0].key
    for move in _moves(at):
        move()
        assert not at.exception
    assert state(studies) == before
    assert not launch._WARM_WORKER._waits()
    if forged:
        needed = {
            "study": "sweep start", "plan": "save", "plans": "open plan mine", "export": "export",
            "recover": "FormSubmitter:finetune-Fine-tune",
        }  # fmt: skip
        assert page == "curves" or needed[page] in pressed


def _moves(at: AppTest) -> list[Callable[[], object]]:
    """Move every slider, toggle, list and field once."""
    boxes = [each for each in (*at.checkbox, *at.toggle) if not each.disabled]
    lists = [
        each for each in (*at.selectbox, *at.radio) if not each.disabled and len(each.options) > 1
    ]
    ranges = [each for each in (*at.slider, *at.number_input) if not each.disabled]
    fields = [each for each in (*at.text_input, *at.text_area) if not each.disabled]
    rows = [each for each in (*at.multiselect, *at.button_group) if not each.disabled]
    return [
        *(lambda key=each.key, kind=each.type: _flip(at, kind, key) for each in boxes),
        *(lambda key=each.key, kind=each.type: _pick(at, kind, key) for each in lists),
        *(lambda key=each.key, kind=each.type: _slide(at, kind, key) for each in ranges),
        *(lambda key=each.key, kind=each.type: _type(at, kind, key) for each in fields),
        *(lambda key=each.key, kind=each.type: _choose(at, kind, key) for each in rows),
    ]


def _live(at: AppTest, kind: str, key: str) -> list[Any]:
    return [each for each in at.get(kind) if each.key == key and not each.disabled]


def _slide(at: AppTest, kind: str, key: str) -> None:
    for each in _live(at, kind, key):
        ends = each.value if isinstance(each.value, tuple) else None
        if ends is not None:
            each.set_value((ends[0], ends[0])).run()
        elif each.min is not None and each.value != each.min:
            each.set_value(each.min).run()


def _type(at: AppTest, kind: str, key: str) -> None:
    for each in _live(at, kind, key):
        each.set_value("0.5").run()


def _choose(at: AppTest, kind: str, key: str) -> None:
    for each in _live(at, kind, key):
        each.set_value(list(each.options)[-1:] if kind == "multiselect" else each.value).run()


def _flip(at: AppTest, kind: str, key: str) -> None:
    for each in _live(at, kind, key):
        each.set_value(not each.value).run()


def _pick(at: AppTest, kind: str, key: str) -> None:
    for each in _live(at, kind, key):
        each.set_value(each.options[-1]).run() if kind == "radio" else each.select_index(
            len(each.options) - 1
        ).run()


@pytest.mark.parametrize(
    ("page", "keys"),
    [
        ("study", ["sweep start", "again 0001-sweep"]),
        ("plan", ["save", "delete", "measure"]),
        ("export", ["export", "time"]),
    ],
)
def test_what_would_change_something_is_dead_and_says_why(
    page: str, keys: list[str], read_only: StudyFolder, studies: Path, open_page: Open
) -> None:
    at = open_page(studies, page)
    if page == "export":
        at.selectbox(key="export plan").set_value("mine").run()
    for key in keys:
        button = at.button(key=key)
        assert button.disabled, key
        assert WHY in button.proto.help, key
    cancels = [each for each in at.button if str(each.key).startswith("cancel ")]
    assert all(each.disabled for each in cancels)
    assert "Import a table" not in texts(at)


def test_the_same_controls_live_where_it_is_not_read_only(
    read_only: StudyFolder, studies: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(READ_ONLY)
    monkeypatch.setenv(SWITCH, "0")
    at = open_page(studies, "study")
    assert not at.button(key="sweep start").disabled
    assert not at.button(key="again 0001-sweep").disabled
    assert not open_page(studies, "plan").button(key="save").disabled


def test_the_mechanism_refuses_whatever_a_page_would_press(read_only: StudyFolder) -> None:
    before = state(read_only.folder)
    plan = Plan("other", read_only.manifest.fingerprint)
    job = jobs(read_only.folder)[0]
    rows = [replace(rows_of(read_only.measurements, read_only.measured())[0], seed=7)]
    for change in (
        lambda: start(read_only.folder, ["sweep"]),
        lambda: read_only.save_plan(plan),
        lambda: read_only.saved_plans.throw_away("mine"),
        lambda: read_only.update(read_only.manifest),
        lambda: read_only.measurements.append(rows),
        lambda: read_only.measurements.compact(),
        lambda: read_only.logits.compact(),
        job.cancel, job.pause, job.resume,
    ):  # fmt: skip
        with pytest.raises(ReadOnly, match="this dashboard is read-only"):
            change()
    keep_warm_worker()
    assert not launch._WARM_WORKER._waits()
    assert state(read_only.folder) == before


def test_a_damaged_table_is_told_and_stays_where_it_is(
    read_only: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = state(read_only.folder)
    assert len(read_only.verified()) == 1
    assert [path.name for path in read_only.damaged()] == ["0123456789abcdef0123.parquet"]
    assert state(read_only.folder) == before
    monkeypatch.delenv(READ_ONLY)
    read_only.verified()
    assert state(read_only.folder) != before  # set aside, as ever
