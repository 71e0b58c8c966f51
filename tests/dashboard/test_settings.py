"""Where units leave, every setting of the goal changes the plan, and intervals are told."""

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from prunescope.dashboard.shared import session
from prunescope.dashboard.shared.goal_form import BUDGETS
from prunescope.dashboard.shared.link import encode_plan
from prunescope.latency.plan_memory import peak_memory
from prunescope.latency.table.predict_time import plan_units, predict_latency, tables
from prunescope.latency.table.rows import units_of
from prunescope.planning.preview import preview
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Choice, Plan
from tests.dashboard import timed
from tests.dashboard.page import Open, budget, draft, metric, own, set_draft, texts

PREVIEWED = {
    "macs": "macs", "parameters": "kept", "compressed-bytes": "compressed_bytes",
    "bytes": "dense_bytes", "sparse-bytes": "sparse_bytes", "nonzero-macs": "nonzero_macs",
    "stored": "stored",
}  # fmt: skip


@pytest.fixture
def studies(timed_studies: Path) -> Path:
    return timed_studies


@pytest.fixture
def study(studies: Path) -> StudyFolder:
    return StudyFolder.open(studies / "lenet5")


@pytest.fixture
def at(studies: Path, open_page: Open) -> AppTest:
    return open_page(studies, "plan")


def left(study: StudyFolder, plan: Plan, kind: str) -> float:
    """What is left of a cost, counted without the solver."""
    manifest, known = study.manifest, study.measured()
    gone = plan_units(manifest, plan)
    if kind == "latency":
        found = predict_latency(manifest, tables(study.folder, manifest)[0], gone)
        return found.ratio
    if kind == "memory":
        return peak_memory(manifest, gone).total / peak_memory(manifest, {}).total
    now, dense = (
        getattr(preview(manifest, each, known), PREVIEWED[kind])
        for each in (plan, Plan("", manifest.fingerprint))
    )
    return float(now / dense)


def test_every_cost_can_have_a_budget(at: AppTest) -> None:
    assert list(at.multiselect(key="goal budgets").options) == list(BUDGETS.values())


@pytest.mark.parametrize("kind", list(BUDGETS))
def test_every_budget_is_kept(kind: str, at: AppTest, study: StudyFolder) -> None:
    at.multiselect(key="goal budgets").set_value([kind]).run()
    budget(at, 70, kind)
    assert not at.exception
    assert not at.warning
    plan = draft(at, study)
    assert plan.active()
    assert left(study, plan, kind) <= 0.7 + 1e-9


def test_units_are_kept_in_multiples(at: AppTest, study: StudyFolder) -> None:
    budget(at, 60, "macs")
    free = draft(at, study)
    at.selectbox(key="goal round").set_value(8).run()
    plan = draft(at, study)
    assert plan.digest != free.digest
    units = {group.name: group.units for group in study.manifest.removable()}
    kept = [units[name] - gone for name, gone in plan_units(study.manifest, plan).items()]
    assert kept
    assert all(count % 8 == 0 for count in kept)
    assert left(study, plan, "macs") <= 0.6
    at.selectbox(key="goal round").set_value(1).run()
    assert draft(at, study).digest == free.digest


@pytest.mark.parametrize("method", ["l1@channel", "taylor@channel"])
def test_only_chosen_methods_are_taken(method: str, at: AppTest, study: StudyFolder) -> None:
    budget(at, 60, "macs")
    at.multiselect(key=own(study, "methods")).set_value([method]).run()
    plan = draft(at, study)
    assert {str(choice.method) for choice in plan.active().values()} == {method}
    assert left(study, plan, "macs") <= 0.6


def test_a_choice_of_methods_changes_the_plan(at: AppTest, study: StudyFolder) -> None:
    budget(at, 60, "macs")
    digests = set()
    for methods in ([], ["l1@channel"], ["taylor@channel"]):
        at.multiselect(key=own(study, "methods")).set_value(methods).run()
        digests.add(draft(at, study).digest)
    assert len(digests) > 1


def test_the_latency_table_decides_what_leaves(at: AppTest, study: StudyFolder) -> None:
    at.multiselect(key="goal budgets").set_value(["latency"]).run()
    budget(at, 60, "latency")
    assert "Latency as on PyTorch" in texts(at)
    first = draft(at, study)
    (other,) = [t for t in tables(study.folder, study.manifest) if "ONNX" in str(t.setting)]
    at.selectbox(key=own(study, "table")).set_value(str(other.setting)).run()
    assert not at.exception
    assert "Latency as on ONNX Runtime" in texts(at)
    plan = draft(at, study)
    assert plan.digest != first.digest
    gone = plan_units(study.manifest, plan)
    assert gone["fc1"] > plan_units(study.manifest, first).get("fc1", 0)  # all that costs there
    assert predict_latency(study.manifest, other, gone).ratio <= 0.6 + 1e-9
    assert rows_of(at, "Plan, ms")[0][""].startswith("ONNX Runtime")


def test_the_recovery_belongs_to_the_plan(at: AppTest, study: StudyFolder) -> None:
    budget(at, 60, "macs")
    before = metric(at, "Predicted top-1")
    at.selectbox(key="goal recovery").set_value("ls").run()
    assert draft(at, study).recovery == "ls"
    assert draft(at, study).active()
    assert metric(at, "Predicted top-1") != before
    assert "takes at least one that prunes two layers or groups or more with recovery ls" in texts(
        at
    )


def test_what_is_kept_small_is_said_with_its_unit(at: AppTest) -> None:
    budget(at, 60, "macs")
    assert "KL to the dense model" in goal_line(at)
    at.selectbox(key="goal objective").set_value("cross-entropy").run()
    assert "nats, added up" in goal_line(at)
    assert "Cross-entropy" in goal_line(at)
    at.selectbox(key="goal objective").set_value("drop").run()
    assert "pt, added up" in goal_line(at)


def test_intervals_stand_beside_accuracy_and_latency(at: AppTest) -> None:
    budget(at, 60, "macs")
    said = texts(at)
    assert "in nine plans of ten" in said
    assert "over 5 measured plans" in said
    assert "Cross-entropy" in said
    for found in rows_of(at, "Plan, ms"):
        value, low, high = numbers(found["Plan, ms"])
        assert low <= value <= high


def test_a_plan_that_was_timed_shows_its_measurement(at: AppTest, study: StudyFolder) -> None:
    timed_plan = timed.rows(study.manifest)[0]
    table = tables(study.folder, study.manifest)[0]
    gone = units_of(timed_plan.units)
    assert predict_latency(study.manifest, table, gone).measured
    units = {group.name: group.units for group in study.manifest.removable()}
    choices = {name: Choice("l1", count / units[name], "channel") for name, count in gone.items()}
    set_draft(at, study, Plan("timed", study.manifest.fingerprint, choices))
    at.run()
    assert [found["How"] for found in rows_of(at, "Plan, ms")] == ["measured", "measured"]


def goal_line(at: AppTest) -> str:
    """What is said of the solution."""
    return next(each.value for each in at.caption if "added up over" in each.value)


def rows_of(at: AppTest, column: str) -> list[dict[str, str]]:
    (found,) = [each.value for each in at.table if column in each.value.columns]
    return [dict(row) for _, row in found.iterrows()]


def numbers(text: str) -> list[float]:
    """The value and its interval, as in ``**4.4** (4.2 to 4.6)``."""
    found = [float(part.strip("*()")) for part in text.replace(" to ", " ").split()]
    assert np.isfinite(found).all()
    return found


def test_a_plan_from_a_link_or_a_save_shows_what_leaves_in_it(
    at: AppTest, study: StudyFolder, studies: Path, open_page: Open
) -> None:
    choices = {"conv2": Choice("l1", 0.5, "channel")}
    saved = Plan("saved", study.manifest.fingerprint, choices)
    study.save_plan(saved)
    assert at.session_state[session.GRANULARITY] == "weight"
    at.run().selectbox(key="open plan").set_value("saved").run()
    at.button(key="open").click().run()
    assert not at.exception
    assert at.session_state[session.GRANULARITY] == "channel"
    linked = open_page(studies, "plan", plan=encode_plan(saved, study.manifest))
    assert linked.session_state[session.GRANULARITY] == "channel"
    assert "1 of 3 shown groups are pruned" in texts(linked)
    assert not linked.warning
