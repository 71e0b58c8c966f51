"""What the Plan page says is true of the plan in force, and nothing moves that unannounced."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from prunescope.dashboard.views.plan.auto_measure_rule import Rest
from prunescope.planning.explain import explain
from prunescope.planning.pose_goal import pose, solve_posed
from prunescope.planning.solve import Goal, Target
from prunescope.store.folder import StudyFolder
from tests.dashboard.page import Open, budget, draft, texts


@pytest.fixture
def study(residual_study: Path) -> StudyFolder:
    return StudyFolder.open(residual_study)


@pytest.fixture
def at(study: StudyFolder, open_page: Open) -> AppTest:
    return open_page(study.folder.parent, "plan")


def tick(key: str, seconds: float, look: Callable[[], None]) -> None:
    """The tick of the search, which a page without a browser never gets."""
    if key == "goal rest":
        look()


def keys(at: AppTest) -> set[str | None]:
    return {button.key for button in at.button}


def test_a_better_recovery_is_one_press_away(at: AppTest, study: StudyFolder) -> None:
    budget(at, 50, "macs")
    assert not at.exception
    assert draft(at, study).recovery == "none"
    said = texts(at)
    assert "Within the same budgets: without recovery" in said
    assert "with ls" in said
    at.button(key="take recovery").click().run()
    assert not at.exception
    assert draft(at, study).recovery == "ls"
    assert at.selectbox(key="goal recovery").value == "ls"
    assert "take recovery" not in keys(at)
    budget(at, 95, "macs")
    assert "Within the same budgets" not in texts(at)


def test_a_better_plan_is_announced_and_moves_nothing_by_itself(
    at: AppTest, study: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    at.selectbox(key="goal recovery").set_value("ls").run()
    monkeypatch.setattr("prunescope.dashboard.shared.polling.follow", tick)
    for percent in (55, 50, 45, 60, 65):  # sums are not wrong about every budget
        budget(at, percent, "macs")
        solved = draft(at, study)
        at.session_state["goal rest"] = Rest(solved.digest, 0.0)
        at.run()
        assert not at.exception
        assert draft(at, study) == solved
        if "A better plan was found" in texts(at):
            break
    else:
        pytest.fail("no budget at which whole plans tell more than sums")
    at.run()
    assert draft(at, study) == solved
    at.button(key="take better").click().run()
    taken = draft(at, study)
    assert taken.digest != solved.digest
    assert "take better" not in keys(at)
    assert "The best that was seen" in texts(at)
    assert max(choice.sparsity for choice in taken.active().values()) <= 0.5
    at.session_state["goal rest"] = Rest(taken.digest, 0.0)
    at.run()
    assert draft(at, study) == taken
    at.session_state["reasons"] = True
    at.run()
    assert reasons(at) == {name: choice.sparsity for name, choice in taken.active().items()}


def test_reasons_are_those_of_the_plan_on_the_page(at: AppTest, study: StudyFolder) -> None:
    budget(at, 60, "macs")
    at.session_state["reasons"] = True
    at.run()
    plan = draft(at, study)
    assert reasons(at) == {name: choice.sparsity for name, choice in plan.active().items()}
    posed = pose(study, Goal((Target("macs", 0.6),)))
    solution = solve_posed(posed)
    assert solution.plan.digest == plan.digest  # page and engine, and twice the same
    table = why_table(at)
    expected = {(r.subject, r.grouped): r for r in explain(posed.solver.problem, solution)}
    assert len(table) == len(expected)
    for row in table.to_dict("records"):
        reason = expected[row["Layer"], row["What leaves"] == "units"]
        assert row["Why"] == reason.why
        assert row["Sparsity"] == pytest.approx(100 * reason.sparsity)
        if reason.sparsity > 0:
            assert "Nothing else" not in reason.why
            assert ("As far as it was measured" in reason.why) == (reason.sparsity == 0.5)
        elif not reason.grouped:
            assert reason.why == "Zeros in it would save nothing in MACs, dense runtime."


def test_the_same_sliders_give_the_same_plan(
    at: AppTest, study: StudyFolder, open_page: Open
) -> None:
    for percent in (80, 55, 70):
        budget(at, percent, "macs")
    other = budget(open_page(study.folder.parent, "plan"), 70, "macs")
    assert draft(at, study).choices == draft(other, study).choices


def why_table(at: AppTest):  # type: ignore[no-untyped-def]
    (table,) = [each.value for each in at.dataframe if "Why" in each.value.columns]
    return table


def reasons(at: AppTest) -> dict[str, float]:
    """Subject → sparsity of what the reasons say is pruned."""
    rows = why_table(at)
    rows = rows[rows["Sparsity"] > 0]
    return {
        name: round(value / 100, 4)
        for name, value in zip(rows["Layer"], rows["Sparsity"], strict=True)
    }
