"""A goal that cannot be posed any more after a solve: one sentence at the goal, the page stays."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from prunescope.store.folder import StudyFolder
from prunescope.store.parquet_table import rows_of
from prunescope.study.plan import Choice
from tests.dashboard.conftest import Digits
from tests.dashboard.page import Open, budget, draft, own, set_draft, texts


@pytest.fixture
def at(studies: Path, open_page: Open) -> AppTest:
    at = budget(open_page(studies, "plan"), 60)
    at.session_state["reasons"] = True
    return at.run()


def whole(at: AppTest) -> bool:
    """Whether the page is there to its end, without a traceback."""
    assert not at.exception
    assert not at.error
    return "Measured plans" in texts(at) and bool(at.button(key="bulk apply"))


def test_a_goal_without_budgets_keeps_the_page(at: AppTest, study: StudyFolder) -> None:
    before = draft(at, study)
    assert before.active()
    at.multiselect(key="goal budgets").set_value([]).run()
    assert whole(at)
    assert "Choose a budget" in texts(at)
    assert draft(at, study) == before
    at.multiselect(key="goal budgets").set_value(["parameters"]).run()
    assert whole(at)
    assert "Choose a budget" not in texts(at)


def test_an_accepted_drop_of_nothing_keeps_the_page(at: AppTest) -> None:
    at.number_input(key="goal drop").set_value(0.0).run()
    (warning,) = at.warning
    assert "Expected the target on drop to be above 0" in warning.value
    assert whole(at)
    at.number_input(key="goal drop").set_value(60.0).run()
    at.number_input(key="goal drop").set_value(0.0).run()  # with the same key as the last answer
    assert len(at.warning) == 1
    assert whole(at)


def test_a_layer_that_is_bounded_and_excluded_keeps_the_page(
    at: AppTest, study: StudyFolder
) -> None:
    at.multiselect(key=own(study, "bounded")).set_value(["fc2"]).run()
    at.slider(key=own(study, "bound fc2")).set_value((20, 100)).run()
    at.multiselect(key=own(study, "excluded")).set_value(["fc2"]).run()
    (warning,) = at.warning
    assert "either excluded or pruned to at least 0.2" in warning.value
    assert whole(at)


def test_a_lock_that_comes_after_the_solve_keeps_the_page(at: AppTest, study: StudyFolder) -> None:
    """Nothing is solved when a layer is locked, so nothing was refused: the sentence is new."""
    at.multiselect(key=own(study, "bounded")).set_value(["fc2"]).run()
    at.slider(key=own(study, "bound fc2")).set_value((20, 50)).run()
    held = Choice("magnitude", draft(at, study).choices["fc2"].sparsity, locked=True)
    low, high = (0, 10) if held.sparsity > 0.1 else (50, 90)
    at.session_state[own(study, "bound fc2")] = (low, high)
    set_draft(at, study, draft(at, study).setting({"fc2": held}))
    at.run()
    (warning,) = at.warning
    assert "lock of fc2 within its bounds" in warning.value
    assert whole(at)


def test_points_that_arrive_after_a_solve_are_explained(
    at: AppTest, study: StudyFolder, digits: Digits
) -> None:
    """The answer is a plan: among more sparsities its options have other places."""
    solved = draft(at, study)
    arrive(study, digits, 0.1, 0.2, 0.4, 0.5, 0.7)
    at.run()
    assert whole(at)
    assert draft(at, study) == solved
    told = reasons(at)
    for name, choice in solved.active().items():
        assert 100 * choice.sparsity == pytest.approx(told[name], abs=5)  # the nearest measured


def test_fewer_options_after_a_solve_are_no_traceback(at: AppTest, study: StudyFolder) -> None:
    """As where the measurements are another folder's by now."""
    rows = study.measured()
    for path in study.measurements.folder.glob("*.parquet"):
        path.unlink()
    study.measurements.append(rows_of(study.measurements, rows[rows["sparsity"] == 0.3]))
    at.run()
    assert whole(at)
    plan = draft(at, study).active()
    assert reasons(at) == {  # of the plan in force, whatever was measured since
        name: pytest.approx(100 * plan[name].sparsity if name in plan else 0)
        for name in reasons(at)
    }


def arrive(study: StudyFolder, digits: Digits, *sparsities: float) -> None:
    """Let a sweep bring points at other sparsities."""
    study.measurements.append(
        [digits.measurement(place, "magnitude", s) for place in range(3) for s in sparsities]
    )


def reasons(at: AppTest) -> dict[str, float]:
    """Layer → percent, as the reasons tell it."""
    (found,) = [each.value for each in at.dataframe if "Why" in each.value.columns]
    return dict(zip(found["Layer"], found["Sparsity"], strict=True))
