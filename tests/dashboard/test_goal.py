"""The goal on the Plan page: every control changes the plan, and what is said is so."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from analysis.curves import curves
from analysis.planning.edits import fitting
from analysis.planning.pareto import Front, FrontPoint, save_front
from analysis.planning.plan import Choice, Plan
from analysis.planning.pose import locks_of
from analysis.planning.preview import preview
from analysis.store.folder import Study
from analysis.store.tables import rows_of
from analysis.study import Method
from dashboard import session
from dashboard.asked import Asked, differing, offered, recoveries
from dashboard.charts.front import front_figure
from dashboard.front_tables import COLUMNS, shown
from dashboard.resting import PATIENCE, Rest
from dashboard.views.parts.front import opened_by

Open = Callable[..., AppTest]


def texts(at: AppTest) -> str:
    kinds = ("markdown", "caption", "info", "warning", "error", "subheader")
    return "\n".join(element.value for kind in kinds for element in at.get(kind))


def draft(at: AppTest, study: Study) -> Plan:
    plan: Plan = at.session_state[session.draft_key(study)].plan
    return plan


def kept(study: Study, plan: Plan) -> float:
    found = preview(study.manifest, plan, study.measured())
    return found.kept / found.parameters


def budget(at: AppTest, percent: int) -> AppTest:
    return at.slider(key="goal parameters").set_value(percent).run()


@pytest.fixture
def at(studies: Path, open_page: Open) -> AppTest:
    return open_page(studies, "plan")


def test_a_budget_is_solved_for_as_soon_as_it_moves(at: AppTest, study: Study) -> None:
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


def test_what_is_locked_stays_and_the_rest_is_solved(at: AppTest, study: Study) -> None:
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


def test_a_second_budget_holds_too(at: AppTest, study: Study) -> None:
    at.multiselect(key="goal budgets").set_value(["parameters", "compressed-bytes"]).run()
    budget(at, 80)
    at.slider(key="goal compressed-bytes").set_value(40).run()
    found = preview(study.manifest, draft(at, study), study.measured())
    assert found.compressed_bytes <= 0.4 * study.manifest.bytes
    assert found.kept <= 0.8 * found.parameters


def test_an_accepted_drop_is_kept_or_refused(at: AppTest, study: Study) -> None:
    budget(at, 50)
    at.number_input(key="goal drop").set_value(0.0).run()
    assert len(at.warning) == 1
    at.number_input(key="goal drop").set_value(60.0).run()
    assert not at.warning
    assert "predicted drop" in texts(at)


def own(study: Study, name: str) -> str:
    return f"goal {name} {study.manifest.fingerprint[:8]}"


def test_what_stays_dense_and_bounds_hold_on_the_page(at: AppTest, study: Study) -> None:
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


def test_a_press_is_not_lost_to_a_search_that_is_due(at: AppTest, study: Study) -> None:
    budget(at, 60)
    at.session_state["goal rest"] = Rest(draft(at, study).digest, 0.0)
    at.button(key="undo").click().run()
    assert draft(at, study).active() == {}


def test_contradictions_are_one_sentence(at: AppTest, study: Study) -> None:
    budget(at, 70)
    at.multiselect(key=own(study, "excluded")).set_value(["fc2"]).run()
    at.multiselect(key=own(study, "bounded")).set_value(["fc2"]).run()
    before = draft(at, study)
    at.slider(key=own(study, "bound fc2")).set_value((20, 100)).run()
    assert "either excluded or pruned to at least 0.2" in at.warning[0].value
    assert draft(at, study).digest == before.digest
    at.slider(key=own(study, "bound fc2")).set_value((0, 100)).run()
    assert not at.warning


def test_the_methods_that_may_be_taken_are_chosen_on_the_page(at: AppTest, study: Study) -> None:
    assert at.multiselect(key=own(study, "methods")).options == ["magnitude"]
    budget(at, 50)
    at.multiselect(key=own(study, "methods")).set_value(["magnitude"]).run()
    assert not at.exception
    assert {str(each.method) for each in draft(at, study).active().values()} == {"magnitude"}


def test_a_recovery_belongs_to_the_plan_and_its_curves_count(
    study: Study, studies: Path, open_page: Open
) -> None:
    rows = study.measured()
    rows = rows[(rows["criterion"] == "magnitude") & (rows["subject"] != "fc3")]
    rows = rows.assign(recovery="ls", drop_sum=rows["drop_sum"] / 4)
    study.measurements.append(rows_of(study.measurements, rows))
    at = open_page(studies, "plan")
    assert at.selectbox(key="goal recovery").options == ["As pruned", "Least-squares refit"]
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


def test_the_objective_is_said_where_a_study_has_no_logits(at: AppTest) -> None:
    budget(at, 50)
    assert "holds no class logits" in texts(at)
    at.selectbox(key="goal objective").set_value("drop").run()
    assert "holds no class logits" not in texts(at)


def test_solving_again_takes_in_new_locks(at: AppTest, study: Study) -> None:
    budget(at, 60)
    at.selectbox(key="bulk action").set_value("set").run()
    at.number_input(key="bulk set").set_value(10.0).run()
    at.button(key="bulk apply").click().run()
    assert kept(study, draft(at, study)) > 0.6
    at.button(key="solve").click().run()
    assert kept(study, draft(at, study)) <= 0.6
    at.button(key="undo").click().run()
    assert kept(study, draft(at, study)) > 0.6


def test_the_menu_offers_proof_search_and_every_baseline(at: AppTest) -> None:
    budget(at, 50)
    (menu,) = at.get("menu_button")
    offered_now = list(menu.proto.options)
    assert offered_now[:7] == [
        "Prove the optimum", "Look around it", "Uniform", "ERK", "Equal drop",
        "Global magnitude", "LAMP",
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
    option: str, check: Callable[[Plan], bool], at: AppTest, study: Study
) -> None:
    budget(at, 50)
    run_menu(at, option)
    assert not at.exception
    plan = draft(at, study)
    assert kept(study, plan) <= 0.5
    assert check(plan)


def run_menu(at: AppTest, option: str) -> AppTest:
    """Choose from the menu as the browser would."""
    from streamlit.proto.WidgetStates_pb2 import WidgetState

    (menu,) = at.get("menu_button")
    state = WidgetState(id=menu.proto.id)
    state.string_trigger_value.data = option
    widgets = at._tree.get_widget_states()
    widgets.widgets.append(state)
    return at._run(widgets)


def test_the_proof_and_the_search_change_the_plan_only_for_the_better(
    at: AppTest, study: Study
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
    assert "prunescope plan STUDY --baseline lamp" in at.warning[0].value


def test_the_front_is_swept_by_a_job_with_the_goal_as_it_is(
    at: AppTest, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(
        "dashboard.views.parts.front.start", lambda folder, arguments: started.append(arguments)
    )
    at.multiselect(key="goal budgets").set_value(["parameters", "compressed-bytes"]).run()
    at.slider(key="goal compressed-bytes").set_value(60).run()
    at.button(key="sweep front").click().run()
    assert started == [[
        "pareto", str(study.folder), "--cost", "parameters", "--objective", "divergence",
        "--recovery", "none", "--round", "1", "--target", "compressed-bytes=0.6",
    ]]  # fmt: skip


def test_reasons_are_told_for_the_solved_plan(at: AppTest) -> None:
    budget(at, 50)
    assert "Why these sparsities" in {each.label for each in at.expander}


def test_a_plan_that_rests_is_measured_once(
    at: AppTest, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(
        "dashboard.views.parts.rest.start", lambda folder, arguments: started.append(arguments)
    )
    budget(at, 50)
    assert started == []  # it has just moved
    plan = draft(at, study)
    at.session_state["plan rest"] = Rest(plan.digest, 0.0)
    at.run()
    assert [each[0] for each in started] == ["verify"]
    assert started[0][2].endswith(f"{plan.digest}.json")
    at.toggle(key="auto measure").set_value(False).run()
    at.session_state["plan rest"] = Rest(plan.digest, 0.0)
    at.run()
    assert len(started) == 1


def test_a_dragged_plan_does_not_rest() -> None:
    rest = Rest().seen("a", 10.0)
    assert not rest.over(10.0 + PATIENCE / 2)
    assert rest.seen("a", 12.0).over(10.0 + PATIENCE)
    assert not rest.seen("b", 12.0).over(10.0 + PATIENCE)
    assert not Rest().over(1e9)


def test_missing_points_are_offered(
    study: Study, studies: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(
        "dashboard.views.parts.goal.start", lambda folder, arguments: started.append(arguments)
    )
    rows = study.measured()
    rows = rows[rows["subject"] != "fc2"]
    for path in study.measurements.folder.glob("*.parquet"):
        path.unlink()
    study.measurements.append(rows_of(study.measurements, rows))
    at = budget(open_page(studies, "plan"), 60)
    assert "Not measured, so left dense: fc2" in texts(at)
    at.button(key="measure missing").click().run()
    assert started[0][:2] == ["sweep", "--study"]
    assert started[0][started[0].index("--layers") + 1] == "fc2"


def test_the_chart_tells_predicted_from_measured(study: Study) -> None:
    plan = Plan("front 1", study.manifest.fingerprint, {"fc1": Choice("magnitude", 0.6)})
    point = FrontPoint(1000.0, 0.1, 0.09, 0.02, 0.01, 0.03, plan)
    found = Front("parameters", 2000.0, "drop", study.manifest.fingerprint, "none", "sum", (point,))
    saved = Plan("mine", study.manifest.fingerprint, {"fc2": Choice("magnitude", 0.6)})
    from analysis.planning.pose import predictor
    from analysis.planning.predictors import Record

    known = curves(study.measured(), study.manifest)
    record = Record.of(study.manifest, known, study.verified(), None)
    guess = predictor(study.manifest, known, record, None)
    made = shown(study.manifest, found, study.verified(), [saved], lambda _: 0.5, guess)
    assert list(made.points.columns) == list(COLUMNS)
    assert sorted(made.points["kind"]) == ["front", "measured", "saved"]
    assert set(made.points["digest"]) == made.plans.keys()
    figure = front_figure(made.points, "Parameters", "top-1", 0.9, dark=False)
    marks = {trace.name: trace.marker.symbol for trace in figure.data if trace.name}
    assert marks["Front, predicted"].endswith("open")
    assert marks["Saved, predicted"].endswith("open")
    assert not marks["Measured plans"].endswith("open")
    (trace,) = [each for each in figure.data if each.name == "Front, predicted"]
    base = study.manifest.baseline
    assert base is not None
    assert trace.y[0] == pytest.approx(100 * (base.score - 0.02))
    assert trace.x[0] == 50.0


def test_a_click_opens_the_plan_behind_the_mark(study: Study) -> None:
    plan = Plan("p", study.manifest.fingerprint, {"fc1": Choice("magnitude", 0.6)})
    known = {plan.digest: plan}
    point: dict[str, Any] = {"customdata": [plan.digest, "p", 0.1, 0.2]}
    assert opened_by([point], known) is plan
    assert opened_by([], known) is None
    for bad in ({}, {"customdata": None}, {"customdata": ["other"]}, {"customdata": [3]}):
        assert opened_by([bad], known) is None


def test_a_stored_front_is_on_the_page(study: Study, studies: Path, open_page: Open) -> None:
    plan = Plan("front 1", study.manifest.fingerprint, {"fc1": Choice("magnitude", 0.6)})
    point = FrontPoint(1000.0, 0.1, 0.09, 0.02, 0.01, 0.03, plan)
    found = Front("parameters", 2000.0, "drop", study.manifest.fingerprint, "none", "sum", (point,))
    save_front(study.folder, found)
    at = open_page(studies, "plan")
    assert not at.exception
    assert at.button(key="sweep front").label == "Sweep it again"
    assert "Front, predicted" in at.get("plotly_chart")[-1].proto.spec


def test_budgets_that_cannot_be_had_are_not_offered(study: Study) -> None:
    known = curves(study.measured(), study.manifest)
    assert offered(known, latency=True, memory=True)[:2] == ["parameters", "compressed-bytes"]
    assert "macs" not in offered(known, latency=True, memory=True)
    key = next(iter(known))
    units = {type(key)("g", Method("l1", "channel")): known[key]}
    assert offered(units, latency=False, memory=False)[0] == "macs"
    assert "latency" not in offered(units, latency=False, memory=True)
    assert recoveries(known) == ["none"]
    assert recoveries({}) == ["none"]


def test_what_is_asked_becomes_a_goal() -> None:
    lock = Choice("magnitude", 0.5, locked=True)
    plan = Plan("p", "f", {"a": lock, "b": fitting(Method("magnitude"), 0.3)})
    assert locks_of(plan) == {"a": lock}
    wanted = Asked({"macs": 50.0, "bytes": 60.0}, 2.0, "drop", "bn", 8, locks_of(plan))
    goal = wanted.goal()
    assert [str(target) for target in goal.targets] == [
        "macs ≤ 50 %",
        "bytes ≤ 60 %",
        "drop ≤ 2 pt",
    ]
    assert dict(goal.locks) == {"a": lock}
    assert (goal.recovery, goal.round_to, goal.objective) == ("bn", 8, "drop")
    assert wanted.limits() == {"macs": 0.5, "bytes": 0.6, "drop": 0.02}
    assert not wanted.idle
    assert Asked({"macs": 100.0}).idle
    moved = replace(wanted, budgets={"macs": 40.0, "bytes": 60.0}, drop=3.0)
    assert moved.key() == wanted.key()  # limits alone need no new problem
    assert Asked({"macs": 40.0}).key() != wanted.key()
    assert wanted.arguments("S")[-4:] == ["--lock", "a=magnitude:0.5", "--target", "drop=0.02"]
    held = replace(
        wanted, bounds={"b": (10.0, 60.0)}, excluded=("c",), methods=("l1@channel",), setting="O"
    )
    goal = held.goal()
    assert (dict(goal.bounds), goal.excluded) == ({"b": (0.1, 0.6)}, ("c",))
    assert goal.methods == (Method("l1", "channel"),)
    assert held.key() != wanted.key()
    said = " ".join(held.arguments("S"))
    for words in ("--bound b=0.1:0.6", "--exclude c", "--methods l1@channel", "--runtime O"):
        assert words in said


def test_how_plans_differ_is_said_shortly() -> None:
    one = Plan("p", "f", {name: Choice("magnitude", 0.5) for name in "abcde"})
    assert differing(one, one) == ""
    other = one.setting({"a": Choice("magnitude", 0.7), "b": Choice("magnitude", 0.0)})
    assert differing(one, other) == "a 70 %, b dense"
    assert differing(one, Plan("q", "f")).endswith("and 2 more")
