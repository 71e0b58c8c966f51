"""Edits of the draft: many layers at once, undo, saved plans, typed cells."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from prunescope.dashboard.shared import session
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Choice
from tests.dashboard.page import Open, choices, metric, metric_of_dense, shared


def test_an_empty_plan_keeps_everything(studies: Path, open_page: Open) -> None:
    at = open_page(studies, "plan")
    assert metric(at, "Predicted top-1") == metric_of_dense(studies)
    assert at.button(key="measure").disabled


def test_bulk_edits_change_the_plan_and_undo_takes_them_back(
    studies: Path, open_page: Open
) -> None:
    at = open_page(studies, "plan")
    at.button(key="bulk apply").click().run()
    assert {choice.sparsity for choice in choices(at, studies).values()} == {0.5}
    assert metric(at, "Predicted top-1") != metric_of_dense(studies)
    at.selectbox(key="bulk action").set_value("scale").run()
    at.number_input(key="bulk scale").set_value(0.5).run()
    at.button(key="bulk apply").click().run()
    assert {choice.sparsity for choice in choices(at, studies).values()} == {0.25}
    at.button(key="undo").click().run()
    assert {choice.sparsity for choice in choices(at, studies).values()} == {0.5}
    at.button(key="undo").click().run()
    assert choices(at, studies) == {}
    at.button(key="redo").click().run()
    assert {choice.sparsity for choice in choices(at, studies).values()} == {0.5}


@pytest.mark.parametrize(
    ("action", "key", "value", "check"),
    [
        ("set", "bulk set", 70.0, lambda c: c.sparsity == 0.7),
        ("limit", "bulk limit", 100.0, lambda c: c.sparsity == 0.95),
        ("method", "bulk method", "random", lambda c: c.criterion == "random"),
        ("lock", None, None, lambda c: c.locked),
    ],
)
def test_every_bulk_edit_does_something(
    action: str, key: str | None, value: float | str | None, check: Callable[[Choice], bool],
    studies: Path, open_page: Open,
) -> None:  # fmt: skip
    at = open_page(studies, "plan")
    at.selectbox(key="bulk action").set_value(action).run()
    if key is not None:
        widget = at.selectbox(key=key) if isinstance(value, str) else at.number_input(key=key)
        widget.set_value(value).run()
    at.button(key="bulk apply").click().run()
    assert len(choices(at, studies)) == 3
    assert all(check(choice) for choice in choices(at, studies).values())


def test_plans_are_saved_opened_and_deleted(
    study: StudyFolder, studies: Path, open_page: Open
) -> None:
    at = open_page(studies, "plan", plan=shared(study, fc1=0.3))
    at.text_input(key="plan name shared").set_value("mine").run()
    at.button(key="save").click().run()
    assert study.plans() == ("mine",)
    at.selectbox(key="open plan").set_value("Empty plan").run()
    at.button(key="open").click().run()
    assert choices(at, studies) == {}
    at.selectbox(key="open plan").set_value("mine").run()
    at.button(key="open").click().run()
    assert choices(at, studies) == {"fc1": Choice("magnitude", 0.3)}
    at.button(key="delete").click().run()
    assert study.plans() == ()
    assert not at.exception


def test_a_bad_plan_name_is_refused(study: StudyFolder, studies: Path, open_page: Open) -> None:
    at = open_page(studies, "plan", plan=shared(study, fc1=0.3))
    at.text_input(key="plan name shared").set_value("../x").run()
    at.button(key="save").click().run()
    assert "plan's name" in at.error[0].value


def test_typed_cells_survive_another_search_and_another_page(
    study: StudyFolder, studies: Path, open_page: Open
) -> None:
    at = open_page(studies, "plan", plan=shared(study, fc1=0.3))
    key = session.draft_key(study)
    before = at.session_state[key]
    typed = before.plan.setting({"fc2": Choice("random", 0.8)})
    at.session_state[key] = replace(before, history=before.history.to(typed))
    at.text_input(key="plan search").set_value("fc2").run()
    after = at.session_state[key]
    assert after.plan == after.base == typed
    assert after.revision > before.revision
