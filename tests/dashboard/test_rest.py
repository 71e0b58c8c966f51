"""A plan that rests is measured and looked around, and no press is lost to that."""

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from prunescope.commands import Request
from prunescope.dashboard.shared import session
from prunescope.dashboard.views.plan.auto_measure_rule import PATIENCE, Rest
from prunescope.store.folder import StudyFolder
from prunescope.store.json_documents import to_json
from prunescope.study.plan import Choice, Plan
from tests.dashboard.page import Open, budget, draft, run_menu


@pytest.fixture
def at(studies: Path, open_page: Open) -> AppTest:
    return open_page(studies, "plan")


Started = list[Request]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Started:
    """What a rest, a press on the front's button and a finished search begin, kept from running."""
    found: Started = []
    for place in ("views.plan.measure_at_rest", "shared.launch"):
        monkeypatch.setattr(
            f"prunescope.dashboard.{place}.start",
            lambda folder, request: found.append(request),
        )
    return found


def tick(study: StudyFolder, plan: Plan, since: float) -> AppTest:
    """One tick of the fragment over ``plan``, at second 100, after it rested since ``since``."""

    def script(folder: str, plan: str, since: float) -> None:
        from pathlib import Path

        import streamlit as st

        from prunescope.dashboard.shared import session
        from prunescope.dashboard.views.plan import measure_at_rest as rest
        from prunescope.dashboard.views.plan.auto_measure_rule import Rest
        from prunescope.store.folder import StudyFolder
        from prunescope.store.json_documents import from_json
        from prunescope.study.plan import Plan

        opened, made = StudyFolder.open(Path(folder)), from_json(Plan, plan, "the plan")
        if session.draft(opened).plan != made:
            session.edit(opened, made)
            st.session_state["plan rest"] = Rest(made.digest, since)
        rest.look(opened, 100.0)

    given = {"folder": str(study.folder), "plan": to_json(plan), "since": since}
    return AppTest.from_function(script, kwargs=given, default_timeout=60).run()


def test_a_plan_that_rests_is_measured_once(study: StudyFolder, started: Started) -> None:
    plan = Plan("p", study.manifest.fingerprint, {"fc1": Choice("magnitude", 0.5)})
    at = tick(study, plan, since=98.0)
    assert started == []  # it has just moved
    at = tick(study, plan, since=95.0)
    assert not at.exception
    assert [each.command for each in started] == ["verify"]
    assert str(started[0].arguments("S")[2]).endswith(f"{plan.digest}.json")
    at.run()
    assert len(started) == 1


def test_a_plan_is_not_measured_when_that_is_switched_off(
    at: AppTest, study: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticking: list[str] = []
    monkeypatch.setattr(
        "prunescope.dashboard.shared.polling.follow", lambda key, *_: ticking.append(key)
    )
    budget(at, 50)
    assert ticking[-2:] == ["goal rest", "plan rest"]
    at.toggle(key="auto measure").set_value(False).run()
    assert ticking[-1] == "goal rest"


def test_a_press_is_not_lost_to_a_measurement_that_is_due(
    at: AppTest, study: StudyFolder, started: Started
) -> None:
    budget(at, 60)
    at.session_state["plan rest"] = Rest(draft(at, study).digest, 0.0)
    at.button(key="sweep front").click().run()
    assert [each.command for each in started] == ["pareto"]


def test_a_press_is_not_lost_to_a_job_that_has_just_ended(
    at: AppTest, study: StudyFolder, started: Started
) -> None:
    budget(at, 60)
    key = f"jobs seen {study.folder} False"
    now, since = at.session_state[key]
    at.session_state[key] = (((("0001-verify", "running"),), *now[1:]), since)
    at.button(key="sweep front").click().run()
    assert [each.command for each in started] == ["pareto"]


def test_a_dragged_plan_does_not_rest() -> None:
    rest = Rest().seen("a", 10.0)
    assert not rest.over(10.0 + PATIENCE / 2)
    assert rest.seen("a", 12.0).over(10.0 + PATIENCE)
    assert not rest.seen("b", 12.0).over(10.0 + PATIENCE)
    assert not Rest().over(1e9)


def test_a_press_is_not_lost_to_a_search_that_is_due(at: AppTest, study: StudyFolder) -> None:
    budget(at, 60)
    at.session_state["goal rest"] = Rest(draft(at, study).digest, 0.0)
    at.button(key="undo").click().run()
    assert draft(at, study).active() == {}


def test_only_a_proof_that_was_asked_for_is_not_looked_around(
    at: AppTest, study: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small network's first answer is proven by the way: the whole plan may still be better."""
    budget(at, 60)
    key = f"solved {session.draft_key(study)}"
    last = at.session_state[key]
    at.session_state[key] = replace(last, solution=replace(last.solution, exact=True))
    ticking: list[str] = []
    monkeypatch.setattr(
        "prunescope.dashboard.shared.polling.follow", lambda key, *_: ticking.append(key)
    )
    at.run()
    assert "goal rest" in ticking
    run_menu(at, "Prove the optimum")
    ticking.clear()
    at.run()
    assert "goal rest" not in ticking
