"""What the page says is done after pruning is what the draft says, however that came to be."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from prunescope.dashboard.shared.link import encode_plan
from prunescope.store.folder import StudyFolder
from prunescope.store.parquet_table import rows_of
from prunescope.study import measurement_version
from prunescope.study.plan import Choice, Plan
from tests.dashboard.page import Open, budget, draft, own, set_draft


@pytest.fixture
def study(study: StudyFolder) -> StudyFolder:
    """Measured with least squares too, one criterion fewer, and a saved plan that uses it."""
    rows = study.measured()
    rows = rows[rows["criterion"] == "magnitude"]
    version = measurement_version("ls")
    rows = rows.assign(recovery="ls", version=version, drop_sum=rows["drop_sum"] / 4)
    study.measurements.append(rows_of(study.measurements, rows))
    study.save_plan(recovered(study, "ls"))
    return study


@pytest.fixture
def at(study: StudyFolder, studies: Path, open_page: Open) -> AppTest:
    return open_page(studies, "plan")


def recovered(study: StudyFolder, recovery: str) -> Plan:
    choices = {"fc1": Choice("magnitude", 0.6), "fc2": Choice("magnitude", 0.3)}
    return Plan("mine", study.manifest.fingerprint, choices, recovery)


def said(at: AppTest) -> str:
    assert not at.exception
    assert not at.error
    return str(at.selectbox(key="goal recovery").value)


def test_an_opened_plan_brings_its_recovery(at: AppTest, study: StudyFolder) -> None:
    assert said(at) == "none"
    at.selectbox(key="open plan").set_value("mine").run()
    at.button(key="open").click().run()
    assert said(at) == draft(at, study).recovery == "ls"
    budget(at, 60)
    assert said(at) == draft(at, study).recovery == "ls"
    at.selectbox(key="open plan").set_value("Empty plan").run()
    at.button(key="open").click().run()
    assert said(at) == draft(at, study).recovery == "none"


def test_undo_and_redo_take_the_recovery_along(at: AppTest, study: StudyFolder) -> None:
    budget(at, 60)
    at.selectbox(key="goal recovery").set_value("ls").run()
    assert said(at) == draft(at, study).recovery == "ls"
    while draft(at, study).recovery == "ls":  # the choice, and what was solved for it
        at.button(key="undo").click().run()
    assert said(at) == draft(at, study).recovery == "none"
    at.button(key="redo").click().run()
    assert said(at) == draft(at, study).recovery == "ls"


def test_a_link_brings_its_recovery(study: StudyFolder, studies: Path, open_page: Open) -> None:
    text = encode_plan(recovered(study, "ls"), study.manifest)
    at = open_page(studies, "plan", plan=text)
    assert said(at) == draft(at, study).recovery == "ls"


@pytest.mark.parametrize("recovery", ["ls", "bn"])
def test_a_plan_that_comes_from_elsewhere_brings_its_recovery(
    recovery: str, at: AppTest, study: StudyFolder
) -> None:
    """As a mark of the chart, or the best that was measured; ``bn`` has no curves here."""
    at.selectbox(key="goal recovery").set_value("ls").run()
    at.selectbox(key="goal recovery").set_value("none").run()
    at.multiselect(key=own(study, "methods")).set_value(["magnitude"]).run()
    set_draft(at, study, recovered(study, recovery))
    at.run()
    assert said(at) == recovery
    at.button(key="bulk apply").click().run()
    assert said(at) == draft(at, study).recovery == recovery
    at.selectbox(key="goal recovery").set_value("none").run()
    assert said(at) == draft(at, study).recovery == "none"


def test_an_empty_plan_takes_the_recovery_that_was_measured(
    study: StudyFolder, studies: Path, open_page: Open
) -> None:
    rows = study.measured()
    for path in study.measurements.folder.glob("*.parquet"):
        path.unlink()
    study.measurements.append(rows_of(study.measurements, rows[rows["recovery"] == "ls"]))
    at = open_page(studies, "plan")
    assert said(at) == "ls"
    budget(at, 60)
    assert said(at) == draft(at, study).recovery == "ls"
    assert draft(at, study).active()
