"""The goal on the Plan page: every control changes the plan, and what is said is so."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from prunescope.commands import Sweep
from prunescope.dashboard.shared import session
from prunescope.dashboard.views.plan.goal_panel import described
from prunescope.planning.pose_goal import pose, solve_posed
from prunescope.planning.preview import preview
from prunescope.planning.solve import Goal, Target
from prunescope.store.folder import StudyFolder
from prunescope.store.parquet_table import rows_of
from prunescope.study import measurement_version
from prunescope.study.plan import Choice, Plan
from tests.dashboard.page import Open, budget, draft, kept, own, run_menu, texts


@pytest.fixture
def at(studies: Path, open_page: Open) -> AppTest:
    return open_page(studies, "plan")


def test_a_budget_is_solved_for_as_soon_as_it_moves(at: AppTest, study: StudyFolder) -> None:
    assert draft(at, study).choices == {}
    sizes = []
    for percent in (70, 40):
        budget(at, percent)
        assert not at.exception
        plan = draft(at, study)
        sizes.append(kept(study, plan))
        assert sizes[-1] <= percent / 100
        assert "plan of measured sparsities" in texts(at)
    assert sizes[1] < sizes[0]
    budget(at, 100)
    assert draft(at, study).active() == {}


def test_what_is_locked_stays_and_the_rest_is_solved(at: AppTest, study: StudyFolder) -> None:
    key = session.draft_key(study)
    lock = Choice("magnitude", 0.3, locked=True)
    before = at.session_state[key]
    plan = before.plan.setting({"fc1": lock})
    at.session_state[key] = session.Draft(before.history.to(plan), plan, before.revision + 1)
    at.slider(key="goal parameters").set_value(70).run()
    assert draft(at, study).choices["fc1"] == lock
    assert kept(study, draft(at, study)) <= 0.7
    budget(at, 20)
    (warning,) = at.warning
    assert "parameters at most 20 % of dense cannot" in warning.value
    assert draft(at, study).choices["fc1"] == lock  # what cannot be leaves the draft alone
    budget(at, 75)
    assert not at.warning


def test_a_second_budget_holds_too(at: AppTest, study: StudyFolder) -> None:
    at.multiselect(key="goal budgets").set_value(["parameters", "compressed-bytes"]).run()
    budget(at, 80)
    at.slider(key="goal compressed-bytes").set_value(40).run()
    found = preview(study.manifest, draft(at, study), study.measured())
    assert found.compressed_bytes <= 0.4 * study.manifest.bytes
    assert found.kept <= 0.8 * found.parameters


def test_an_accepted_drop_is_kept_or_refused(at: AppTest, study: StudyFolder) -> None:
    budget(at, 50)
    at.number_input(key="goal drop").set_value(0.0).run()
    assert len(at.warning) == 1
    at.number_input(key="goal drop").set_value(60.0).run()
    assert not at.warning
    assert "predicted drop" in texts(at)


def test_what_stays_dense_and_bounds_hold_on_the_page(at: AppTest, study: StudyFolder) -> None:
    budget(at, 60)
    assert draft(at, study).choices["fc1"].sparsity > 0.3
    at.multiselect(key=own(study, "bounded")).set_value(["fc1"]).run()
    at.slider(key=own(study, "bound fc1")).set_value((10, 30)).run()
    assert not at.exception
    assert 0.1 <= draft(at, study).choices["fc1"].sparsity <= 0.3
    budget(at, 30)
    (warning,) = at.warning  # fc1 holds most of the network
    assert "cannot" in warning.value
    budget(at, 80)
    assert not at.warning
    assert 0.1 <= draft(at, study).choices["fc1"].sparsity <= 0.3
    at.multiselect(key=own(study, "bounded")).set_value([]).run()
    at.multiselect(key=own(study, "excluded")).set_value(["fc2"]).run()
    budget(at, 40)
    assert "fc2" not in draft(at, study).active()
    at.slider(key="goal parameters").set_value(41).run()
    at.multiselect(key=own(study, "excluded")).set_value([]).run()
    assert "fc2" in draft(at, study).active()


def test_contradictions_are_one_sentence(at: AppTest, study: StudyFolder) -> None:
    budget(at, 70)
    at.multiselect(key=own(study, "excluded")).set_value(["fc2"]).run()
    at.multiselect(key=own(study, "bounded")).set_value(["fc2"]).run()
    before = draft(at, study)
    at.slider(key=own(study, "bound fc2")).set_value((20, 100)).run()
    assert "either excluded or pruned to at least 0.2" in at.warning[0].value
    assert draft(at, study).digest == before.digest
    at.slider(key=own(study, "bound fc2")).set_value((0, 100)).run()
    assert not at.warning


def test_the_methods_that_may_be_taken_are_chosen_on_the_page(
    at: AppTest, study: StudyFolder
) -> None:
    assert at.multiselect(key=own(study, "methods")).options == ["magnitude"]
    budget(at, 50)
    at.multiselect(key=own(study, "methods")).set_value(["magnitude"]).run()
    assert not at.exception
    assert {str(each.method) for each in draft(at, study).active().values()} == {"magnitude"}


def test_a_recovery_belongs_to_the_plan_and_its_curves_count(
    study: StudyFolder, studies: Path, open_page: Open
) -> None:
    rows = study.measured()
    rows = rows[(rows["criterion"] == "magnitude") & (rows["subject"] != "fc3")]
    now = measurement_version("ls")
    rows = rows.assign(recovery="ls", version=now, drop_sum=rows["drop_sum"] / 4)
    study.measurements.append(rows_of(study.measurements, rows))
    at = open_page(studies, "plan")
    assert at.selectbox(key="goal recovery").options == ["As pruned", "Least squares"]
    budget(at, 50)
    before = draft(at, study)
    assert before.recovery == "none"
    at.selectbox(key="goal recovery").set_value("ls").run()
    assert not at.exception
    after = draft(at, study)
    assert after.recovery == "ls"
    assert "fc3" not in after.active()  # never measured with it
    assert "Not measured, so left dense: fc3" in texts(at)
    at.selectbox(key="goal recovery").set_value("none").run()
    assert draft(at, study).digest == before.digest


def test_a_budget_kept_from_another_study_does_not_break_this_one(at: AppTest) -> None:
    at.session_state["goal budgets"] = ["macs"]  # offered where units leave
    at.run()
    assert not at.exception
    at.multiselect(key="goal budgets").set_value(["parameters"]).run()
    assert at.slider(key="goal parameters").value == 100


def test_what_cannot_be_added_up_is_said_and_not_called_the_best(study: StudyFolder) -> None:
    found = solve_posed(pose(study, Goal((Target("parameters", 0.5),), "drop")))
    assert found.gap is not None
    assert "of the best plan" in described(found)
    unknown = replace(found, value=math.nan)
    for each in (unknown, replace(unknown, predicted=0.25, beside={"lamp": 0.25})):
        said = described(each)
        assert "nan" not in said.lower()
        assert "best plan" not in said
        assert "Drop cannot be added up over single layers" in said
    assert "No bound is known; nothing is proven" in described(unknown)
    assert "Found around measured tables" in described(replace(found, bound=None))


def test_the_objective_is_said_where_a_study_has_no_logits(at: AppTest) -> None:
    budget(at, 50)
    assert "holds no class logits" in texts(at)
    at.selectbox(key="goal objective").set_value("drop").run()
    assert "holds no class logits" not in texts(at)


def test_solving_again_takes_in_new_locks(at: AppTest, study: StudyFolder) -> None:
    budget(at, 60)
    at.selectbox(key="bulk action").set_value("set").run()
    at.number_input(key="bulk set").set_value(10.0).run()
    at.button(key="bulk apply").click().run()
    assert kept(study, draft(at, study)) > 0.6
    at.button(key="solve").click().run()
    assert kept(study, draft(at, study)) <= 0.6
    at.button(key="undo").click().run()
    assert kept(study, draft(at, study)) > 0.6


def test_the_menu_offers_proof_search_measurement_and_every_baseline(at: AppTest) -> None:
    budget(at, 50)
    (menu,) = at.get("menu_button")
    offered_now = list(menu.proto.options)
    assert offered_now[:8] == [
        "Prove the optimum", "Look around it", "Measure the best few", "Uniform", "ERK",
        "Equal drop", "Global magnitude", "LAMP",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("option", "check"),
    [
        ("Uniform", lambda plan: len({c.sparsity for c in plan.choices.values()}) == 1),
        ("ERK", lambda plan: len({c.sparsity for c in plan.choices.values()}) > 1),
        ("Equal drop", lambda plan: len(plan.active()) > 1),
    ],
)
def test_a_baseline_takes_the_same_budget(
    option: str, check: Callable[[Plan], bool], at: AppTest, study: StudyFolder
) -> None:
    budget(at, 50)
    run_menu(at, option)
    assert not at.exception
    plan = draft(at, study)
    assert kept(study, plan) <= 0.5
    assert check(plan)


def test_the_proof_and_the_search_change_the_plan_only_for_the_better(
    at: AppTest, study: StudyFolder
) -> None:
    budget(at, 50)
    run_menu(at, "Prove the optimum")
    assert "**Proven**" in texts(at)
    assert kept(study, draft(at, study)) <= 0.5
    run_menu(at, "Look around it")
    assert not at.exception
    assert kept(study, draft(at, study)) <= 0.5


def test_thresholds_without_quantiles_say_how_to_get_them(at: AppTest) -> None:
    budget(at, 50)
    run_menu(at, "LAMP")
    assert "prunescope plan STUDY --target TARGET --baseline lamp" in at.warning[0].value


def test_reasons_are_told_for_the_solved_plan(at: AppTest) -> None:
    budget(at, 50)
    assert "Why these sparsities" in {each.label for each in at.expander}


def test_missing_points_are_offered(
    study: StudyFolder, studies: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Sweep] = []
    monkeypatch.setattr(
        "prunescope.dashboard.shared.launch.start",
        lambda folder, request: started.append(request),
    )
    rows = study.measured()
    rows = rows[rows["subject"] != "fc2"]
    for path in study.measurements.folder.glob("*.parquet"):
        path.unlink()
    study.measurements.append(rows_of(study.measurements, rows))
    at = budget(open_page(studies, "plan"), 60)
    assert "Not measured, so left dense: fc2" in texts(at)
    at.button(key="measure missing").click().run()
    assert started[0].layers == ("fc2",)
