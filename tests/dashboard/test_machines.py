"""Tables of another machine are told apart from this one's, with what to do about it."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from prunescope.dashboard.shared.machines import named, where
from prunescope.latency.machine import machine
from prunescope.latency.table.predict_time import tables
from prunescope.latency.table.rows import stored_rows
from prunescope.store.folder import StudyFolder
from tests.dashboard import timed
from tests.dashboard.page import Open, budget, own, texts

HERE = machine()


@pytest.fixture
def study(timed_studies: Path) -> StudyFolder:
    """A LeNet-5 with tables of "a CPU"."""
    return StudyFolder.open(timed_studies / "lenet5")


def by_latency(study: StudyFolder, open_page: Open) -> AppTest:
    at = open_page(study.folder.parent, "plan")
    at.multiselect(key="goal budgets").set_value(["latency"]).run()
    budget(at, 60, "latency")
    assert not at.exception
    return at


def settings_in(at: AppTest) -> list[str]:
    (shown,) = [each.value for each in at.table if "Plan, ms" in each.value.columns]
    return list(shown[""])


def test_a_table_of_another_machine_says_so_and_what_to_do(
    study: StudyFolder, open_page: Open
) -> None:
    at = by_latency(study, open_page)
    said = texts(at)
    assert f"Timed on a CPU, not on this machine ({HERE})." in said
    assert "on a CPU (another machine). Measure them here: `prunescope time STUDY`." in said
    assert all(name.endswith("(another machine)") for name in settings_in(at))
    offered = at.selectbox(key=own(study, "table")).options
    assert all(name.endswith("on a CPU (another machine)") for name in offered)
    assert at.button(key="time network")


def test_tables_of_this_machine_come_first_and_need_no_word(
    study: StudyFolder, open_page: Open
) -> None:
    stored_rows(study.folder).append(timed.rows(study.manifest, HERE))
    at = by_latency(study, open_page)
    first, second, third = settings_in(at)
    assert first.endswith(HERE)
    assert second.endswith(HERE)
    assert third.endswith("a CPU (another machine)")
    assert "not on this machine" not in texts(at)
    assert [each for each in at.button if each.key == "time network"] == []


def test_one_machine_that_is_this_one_is_named(study: StudyFolder) -> None:
    stored_rows(study.folder).append(timed.rows(study.manifest, HERE))
    for table in tables(study.folder, study.manifest):
        assert named(table.setting).endswith("(another machine)") == table.setting.elsewhere
    assert where([HERE]) == f"Timed on {HERE}, this machine."
    assert where([HERE, "a CPU"]) == "Each machine has its own times."
