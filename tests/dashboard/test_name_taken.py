"""Two sessions save under one name: the second one chooses, and nothing is lost."""

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Choice, Plan
from tests.dashboard.page import Open, draft, set_draft, texts


@pytest.fixture
def mine(study: StudyFolder) -> Plan:
    return Plan("half", study.manifest.fingerprint, {"fc1": Choice("magnitude", 0.5)})


@pytest.fixture
def theirs(study: StudyFolder, mine: Plan) -> Plan:
    """Saved by somebody else."""
    plan = replace(mine, choices={"fc1": Choice("magnitude", 0.9)})
    study.save_plan(plan)
    return plan


@pytest.fixture
def asked(studies: Path, study: StudyFolder, mine: Plan, theirs: Plan, open_page: Open) -> AppTest:
    """My session after *Save*."""
    at = open_page(studies, "plan")
    set_draft(at, study, mine)
    at.run().button(key="save").click().run()
    assert not at.exception
    assert study.plan("half") == theirs, "replaced without a word"
    assert "fc1 50 %" in texts(at)
    return at


def test_both_are_there_after_keep_both(asked: AppTest, study: StudyFolder, mine: Plan) -> None:
    asked.button(key="keep both").click().run()
    assert study.plan("half 2") == replace(mine, name="half 2") == draft(asked, study)
    assert study.plans() == ("half", "half 2")


def test_theirs_can_be_opened(asked: AppTest, study: StudyFolder, theirs: Plan) -> None:
    asked.button(key="open theirs").click().run()
    assert draft(asked, study) == theirs
    asked.run()
    assert not [button for button in asked.button if button.key == "keep both"]


def test_theirs_is_replaced_only_on_request(asked: AppTest, study: StudyFolder, mine: Plan) -> None:
    asked.button(key="replace theirs").click().run()
    assert study.plan("half") == mine


def test_what_was_opened_is_saved_without_a_question(
    studies: Path, study: StudyFolder, theirs: Plan, open_page: Open
) -> None:
    at = open_page(studies, "plan")
    at.selectbox(key="open plan").set_value("half").run()
    at.button(key="open").click().run()
    changed = replace(theirs, choices={"fc1": Choice("magnitude", 0.3)})
    set_draft(at, study, changed)
    at.run().button(key="save").click().run()
    assert study.plan("half") == changed


def test_a_deleted_plan_is_restored_on_the_page(
    studies: Path, study: StudyFolder, theirs: Plan, open_page: Open
) -> None:
    at = open_page(studies, "plan")
    at.selectbox(key="open plan").set_value("half").run()
    at.button(key="delete").click().run()
    assert study.plans() == ()
    at.run().button(key="restore").click().run()
    assert study.plan("half") == theirs
