"""Every page runs headless on a real study, shows what it must, and never a traceback."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from analysis.planning.plan import Choice, Plan
from analysis.store.folder import Study
from dashboard import session
from dashboard.state import encode_plan
from tests.dashboard.page import Open, metric, texts

PAGES = ("study", "curves", "plan", "recover", "export")


def choices(at: AppTest, studies: Path) -> dict[str, Choice]:
    draft = at.session_state[session.draft_key(Study.open(studies / "digits"))]
    return dict(draft.plan.choices)


@pytest.mark.parametrize("page", PAGES)
def test_it_runs(page: str, studies: Path, open_page: Open) -> None:
    at = open_page(studies, page)
    assert not at.exception
    assert not at.error


@pytest.mark.parametrize("page", PAGES)
def test_a_folder_without_studies_says_what_to_do(
    page: str, tmp_path: Path, open_page: Open
) -> None:
    at = open_page(tmp_path, page)
    assert not at.exception
    if page == "study":
        assert at.header[0].value == "Begin a study"
    else:
        assert "prunescope sweep" in at.info[0].value


@pytest.mark.parametrize("page", PAGES)
def test_a_damaged_manifest_is_one_sentence(page: str, studies: Path, open_page: Open) -> None:
    (studies / "digits" / "study.json").write_text('{"half": ')
    at = open_page(studies, page)
    assert not at.exception
    assert "study.json" in at.error[0].value


def test_the_study_page_tells_what_the_model_is(studies: Path, open_page: Open) -> None:
    at = open_page(studies)
    assert metric(at, "Parameters") == "2.19 k"  # 64·24 + 24·16 + 16·10, 50 biases, a table of 64
    table = at.dataframe[0].value
    assert list(table["Layer"]) == ["fc1", "fc2", "fc3", "table"]
    assert table["Can be pruned"].iloc[3] == "no: a table that is added"
    assert list(table["Points"]) == [8, 8, 8, 0]


def test_methods_come_from_the_manifest_with_their_definition(
    studies: Path, open_page: Open
) -> None:
    at = open_page(studies)
    boxes = {box.key: box for box in at.checkbox}
    assert "the smallest leave" in boxes["sweep method magnitude"].label
    assert boxes["sweep method taylor"].disabled
    assert "it needs labels" in boxes["sweep method taylor"].label


def test_the_sweep_form_counts_what_is_missing(studies: Path, open_page: Open) -> None:
    at = open_page(studies)
    at.text_input(key="sweep sparsities").set_value("0.3,0.5").run()
    assert "**3 points** on 797 validation samples each; 3 more are measured already." in texts(at)
    assert at.button(key="sweep start").label == "Measure 3 points"
    at.text_input(key="sweep sparsities").set_value("30").run()
    assert "Write a fraction instead of percent: 0.3." in at.error[0].value


def test_a_sweep_starts_as_a_job(
    studies: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(
        "dashboard.views.parts.sweep.start", lambda study, arguments: started.append(arguments)
    )
    at = open_page(studies)
    at.text_input(key="sweep sparsities").set_value("0.5").run()
    at.multiselect(key="sweep layers weight").set_value(["fc2"]).run()
    at.button(key="sweep start").click().run()
    assert started == [[
        "sweep", "--study", str(studies / "digits"), "--methods", "magnitude",
        "--sparsities", "0.5", "--recovery", "none", "--layers", "fc2",
    ]]  # fmt: skip


def test_a_new_study_starts_as_a_job(
    tmp_path: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(
        "dashboard.views.parts.begin.start", lambda study, arguments: started.append(arguments)
    )
    at = open_page(tmp_path)
    at.text_input(key="begin model").set_value("net.py:make")
    at.text_input(key="begin name").set_value("../outside")
    at.button[-1].click().run()
    assert "Expected a name" in at.error[0].value
    at.text_input(key="begin name").set_value("mine")
    at.button[-1].click().run()
    assert started[0][:2] == ["sweep", "net.py:make"]
    assert started[0][-1] == str(tmp_path / "mine")


def test_curves_show_every_method_of_the_chosen_layer(studies: Path, open_page: Open) -> None:
    at = open_page(studies, "curves", layer="fc2")
    spec = at.get("plotly_chart")[0].proto.spec
    assert '"magnitude"' in spec
    assert '"random"' in spec
    assert "**fc2**" in texts(at)


def test_curves_can_be_searched_and_sorted(studies: Path, open_page: Open) -> None:
    at = open_page(studies, "curves")
    at.selectbox(key="curves sort").set_value("Most sensitive").run()
    drops = list(at.dataframe[0].value["Mean drop"])
    assert drops == sorted(drops, reverse=True)
    at.text_input(key="curves search").set_value("fc3").run()
    assert list(at.dataframe[0].value["Layer"]) == ["fc3"]
    at.text_input(key="curves search").set_value("nothing like it").run()
    assert not at.exception
    assert "No layer" in texts(at)


def test_the_accepted_drop_changes_what_is_safe(studies: Path, open_page: Open) -> None:
    at = open_page(studies, "curves")
    at.number_input(key="limit").set_value(0.0).run()
    strict = at.dataframe[0].value["Safe to"].sum()
    at.number_input(key="limit").set_value(100.0).run()
    assert at.dataframe[0].value["Safe to"].sum() == 3 * 95 > strict


def test_an_unknown_layer_in_the_link_falls_back(studies: Path, open_page: Open) -> None:
    at = open_page(studies, "curves", layer="nowhere")
    assert not at.exception
    assert "**fc1**" in texts(at)


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


def metric_of_dense(studies: Path) -> str:
    baseline = Study.open(studies / "digits").manifest.baseline
    assert baseline is not None
    return f"{100 * baseline.score:.2f} %"


def shared(study: Study, **sparsities: float) -> str:
    made = {name: Choice("magnitude", value) for name, value in sparsities.items()}
    return encode_plan(Plan("p", study.manifest.fingerprint, made), study.manifest)


def test_a_link_restores_layer_and_plan(study: Study, studies: Path, open_page: Open) -> None:
    at = open_page(studies, "plan", study="digits", plan=shared(study, fc1=0.6, fc2=0.6))
    assert {name: c.sparsity for name, c in choices(at, studies).items()} == {
        "fc1": 0.6,
        "fc2": 0.6,
    }


def test_a_measured_plan_stands_beside_its_prediction(
    study: Study, studies: Path, open_page: Open
) -> None:
    at = open_page(studies, "plan", plan=shared(study, fc1=0.6, fc2=0.6))
    row = study.verified().iloc[0]
    assert metric(at, "Measured top-1") == f"{100 * row['score_sum'] / row['samples']:.2f} %"
    assert "not yet checked" in texts(at)  # its own measurement does not count for its error
    assert "takes at least one other that prunes two" in texts(at)
    assert "in nine plans of ten" not in texts(at)
    other = open_page(studies, "plan", plan=shared(study, fc1=0.3, fc2=0.3))
    assert metric(other, "Measured top-1") == "–"
    assert "over 1 measured plan" in texts(other)
    assert "in nine plans of ten" in texts(other)


def test_one_layer_alone_is_read_off_its_curve(
    study: Study, studies: Path, open_page: Open
) -> None:
    """Its interval is the measured one: no rule predicted it, and no other plan vouches for it."""
    said = texts(open_page(studies, "plan", plan=shared(study, fc1=0.3)))
    assert "One part alone: read off its own curve." in said
    assert "pt, 95 %." in said
    assert "Back-tested" not in said
    assert "in nine plans of ten" not in said


def test_combinations_are_measured_where_none_vouches_for_a_prediction(
    study: Study, studies: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(
        "dashboard.views.parts.measuring.start", lambda study, arguments: started.append(arguments)
    )
    at = open_page(studies, "plan", plan=shared(study, fc1=0.6, fc2=0.6))
    at.button(key="measure combinations").click().run()
    assert started == [["calibrate", str(study.folder), "--plans", "9", "--recovery", "none"]]


def test_what_a_plan_lacks_is_measured_by_one_press(
    study: Study, studies: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(
        "dashboard.views.parts.measuring.start", lambda study, arguments: started.append(arguments)
    )
    at = open_page(studies, "plan", plan=shared(study, fc1=0.99, fc2=0.6))
    assert "fc1: measured only up to 0.95, so predicted as if at that point" in texts(at)
    at.button(key="measure gaps").click().run()
    assert started == [[
        "sweep", "--study", str(study.folder), "--methods", "magnitude", "--layers", "fc1",
        "--sparsities", "0.99",
    ]]  # fmt: skip


def test_measuring_a_plan_is_a_job_with_the_plan_in_a_file(
    study: Study, studies: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(
        "dashboard.views.parts.outlook.start", lambda study, arguments: started.append(arguments)
    )
    at = open_page(studies, "plan", plan=shared(study, fc1=0.3))
    at.button(key="measure").click().run()
    assert started[0][0] == "verify"
    assert Path(started[0][2]).is_file()


@pytest.mark.parametrize("plan", ["%%%", "A" * 9000, "eNoDAAAAAAE"])
def test_a_bad_link_falls_back_with_a_sentence(plan: str, studies: Path, open_page: Open) -> None:
    at = open_page(studies, "plan", plan=plan)
    assert not at.exception
    assert "link to a plan" in at.warning[0].value
    assert choices(at, studies) == {}


def test_a_link_to_a_missing_study_falls_back_with_a_sentence(
    studies: Path, open_page: Open
) -> None:
    at = open_page(studies, "plan", study="gone")
    assert "'gone'" in at.warning[0].value


def test_plans_are_saved_opened_and_deleted(study: Study, studies: Path, open_page: Open) -> None:
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


def test_a_bad_plan_name_is_refused(study: Study, studies: Path, open_page: Open) -> None:
    at = open_page(studies, "plan", plan=shared(study, fc1=0.3))
    at.text_input(key="plan name shared").set_value("../x").run()
    at.button(key="save").click().run()
    assert "plan's name" in at.error[0].value


@pytest.mark.parametrize(
    ("page", "button", "module", "kind"),
    [
        ("recover", "Fine-tune", "dashboard.views.recover.start", "finetune"),
        ("export", "Export and verify", "dashboard.views.export.start", "export"),
        ("export", "Measure speed", "dashboard.views.parts.speed.start", "time"),
    ],
)
def test_work_on_a_plan_is_a_job(
    page: str, button: str, module: str, kind: str, study: Study, studies: Path, open_page: Open,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    started: list[list[str]] = []
    monkeypatch.setattr(module, lambda study, arguments: started.append(arguments))
    at = open_page(studies, page, plan=shared(study, fc1=0.3))
    (found,) = [each for each in at.button if each.label == button]
    found.click().run()
    assert not at.exception
    assert started[0][0] == kind
    assert Path(started[0][2]).is_file()


@pytest.mark.parametrize("page", ["recover", "export"])
def test_an_empty_plan_has_nothing_to_work_on(page: str, studies: Path, open_page: Open) -> None:
    at = open_page(studies, page)
    assert "removes nothing yet" in at.info[0].value


def test_typed_cells_survive_another_search_and_another_page(
    study: Study, studies: Path, open_page: Open
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
