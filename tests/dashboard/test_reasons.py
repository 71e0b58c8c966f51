"""Why each layer got its sparsity, and that a lock costs what solving it again says."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from prunescope.planning.pose_goal import pose, solve_posed
from prunescope.planning.solve import Goal, Target
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Choice, Plan
from tests.dashboard.page import Open, budget, draft, run_menu, set_draft, texts


def locked(at: AppTest, study: StudyFolder, **locks: Choice) -> AppTest:
    plan = draft(at, study)
    held = {name: replace(choice, locked=True) for name, choice in locks.items()}
    set_draft(at, study, plan.setting(held))
    return at


def open_reasons(at: AppTest) -> AppTest:
    at.session_state["reasons"] = True
    return at.run()


def said_costs(at: AppTest) -> dict[str, float]:
    line = next(each.value for each in at.caption if "What each lock adds" in each.value)
    return {name: float(cost) for name, cost in re.findall(r"\*\*(\S+)\*\* \+(\S+) ", line)}


def solved_again(study: StudyFolder, goal: Goal) -> dict[str, float]:
    """Lock → the value with all locks minus the value without it, each posed from the disk."""
    own = solve_posed(pose(study, goal)).value
    found = {}
    for name in goal.locks:
        others = {other: lock for other, lock in goal.locks.items() if other != name}
        found[name] = max(own - solve_posed(pose(study, replace(goal, locks=others))).value, 0.0)
    return found


def test_what_a_lock_costs_is_what_solving_without_it_gains(
    study: StudyFolder, studies: Path, open_page: Open
) -> None:
    at = open_page(studies, "plan")
    locks = {"fc1": Choice("magnitude", 0.3), "fc3": Choice("magnitude", 0.8)}
    budget(locked(at, study, **locks), 60)
    open_reasons(at)
    assert not at.exception
    held = {name: replace(choice, locked=True) for name, choice in locks.items()}
    expected = solved_again(study, Goal((Target("parameters", 0.6),), "drop", locks=held))
    said = said_costs(at)
    assert said.keys() == expected.keys()
    for name, cost in expected.items():
        assert said[name] == pytest.approx(100 * cost, abs=0.006)
    assert max(said.values()) > 0
    budget(at, 1)  # cannot be: the last answer stays, and so do its reasons
    assert len(at.warning) == 1
    assert not at.error
    assert said_costs(at) == said


def test_a_lock_costs_the_same_after_a_look_around(timed_studies: Path, open_page: Open) -> None:
    """The search's plan is not the least sum: what it adds to the sum is no lock's fault."""
    study = StudyFolder.open(timed_studies / "lenet5")
    at = open_page(timed_studies, "plan")
    lock = Choice("l1", 0.75, "channel")
    budget(locked(at, study, conv2=lock), 60, "macs")
    before = said_costs(open_reasons(at))
    run_menu(at, "Look around it")
    assert "The best that was seen" in texts(at)
    assert said_costs(open_reasons(at)) == before
    held = {"conv2": replace(lock, locked=True)}
    goal = Goal((Target("macs", 0.6),), "divergence", locks=held)
    assert before["conv2"] == pytest.approx(solved_again(study, goal)["conv2"], rel=0.01)
    assert before["conv2"] > 0


def test_the_table_tells_layers_from_groups_of_the_same_name(
    timed_studies: Path, open_page: Open
) -> None:
    study = StudyFolder.open(timed_studies / "lenet5")
    at = open_page(timed_studies, "plan")
    budget(at, 60, "macs")
    open_reasons(at)
    (table,) = [each.value for each in at.dataframe if "Why" in each.value.columns]
    conv1 = table[table["Layer"] == "conv1"]
    assert sorted(conv1["What leaves"]) == ["units", "weights"]
    changed = table[table["Sparsity"] > 0]
    assert set(changed["Layer"]) == set(draft(at, study).active())
    assert list(table.index[table["Sparsity"] > 0]) == list(range(len(changed)))
    assert "MACs bind: a looser limit would help." in texts(at)


def test_a_plan_that_was_changed_by_hand_has_no_reasons(
    study: StudyFolder, studies: Path, open_page: Open
) -> None:
    at = budget(open_page(studies, "plan"), 60)
    assert "Why these sparsities" in {each.label for each in at.expander}
    set_draft(at, study, Plan("p", study.manifest.fingerprint, {"fc1": Choice("magnitude", 0.1)}))
    at.run()
    assert "Why these sparsities" not in {each.label for each in at.expander}
