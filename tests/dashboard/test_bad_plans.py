"""What can be wrong with a plan's tables, locks and targets: one sentence, and nothing is lost."""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from prunescope.latency.table.exchange import export_table
from prunescope.latency.table.predict_time import tables
from prunescope.store.folder import StudyFolder
from prunescope.store.json_documents import write_document
from prunescope.store.parquet_table import Table
from prunescope.study.plan import Choice, Plan
from tests.dashboard import timed
from tests.dashboard.page import Open, budget, draft, kept, own, set_draft, texts


@pytest.fixture
def timed_study(timed_studies: Path) -> StudyFolder:
    return StudyFolder.open(timed_studies / "lenet5")


@pytest.fixture
def exported(timed_study: StudyFolder, tmp_path: Path) -> pd.DataFrame:
    """The rows of a table as another machine exports them."""
    path = tmp_path / "table.parquet"
    export_table(timed_study.folder, timed_study.manifest, path)
    rows = pd.read_parquet(path)
    return rows.assign(machine="another CPU")


def imported(at: AppTest, content: bytes, name: str = "theirs.parquet") -> AppTest:
    at.file_uploader(key="latency table").set_value((name, content, "")).run()
    return at.button(key="import table").click().run()


def parquet(rows: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    rows.to_parquet(buffer)
    return buffer.getvalue()


def test_a_table_of_another_machine_is_taken_in_and_named(
    timed_study: StudyFolder, exported: pd.DataFrame, open_page: Open
) -> None:
    at = open_page(timed_study.folder.parent, "plan")
    budget(at, 60, "macs")
    before = draft(at, timed_study)
    assert "Timed on a CPU, not on this machine" in texts(at)
    imported(at, parquet(exported))
    assert not at.exception
    assert not at.error
    assert "another CPU imported" in at.toast[0].value
    assert draft(at, timed_study) == before
    (shown,) = [each.value for each in at.table if "Plan, ms" in each.value.columns]
    assert any("another CPU" in name for name in shown[""])
    assert "Timed on a CPU; another CPU, not on this machine" in texts(at)
    offered = at.selectbox(key=own(timed_study, "table")).options
    assert sum(name.endswith("on another CPU (another machine)") for name in offered) == 2


def _other_network(rows: pd.DataFrame) -> bytes:
    return parquet(rows.assign(graph="another"))


def _other_runtime(rows: pd.DataFrame) -> bytes:
    return parquet(rows.assign(runtime="TensorRT"))


def _no_times(rows: pd.DataFrame) -> bytes:
    return parquet(rows.assign(ratio=-1.0))


def _no_such_group(rows: pd.DataFrame) -> bytes:
    return parquet(rows.assign(units='{"conv9": 3}'))


def _empty(rows: pd.DataFrame) -> bytes:
    return parquet(rows.iloc[:0])


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (_other_network, "measured on another network"),
        (
            _other_runtime,
            "Expected the runtime of theirs.parquet to be PyTorch, ONNX Runtime, ONNX",
        ),
        (_no_times, "Expected times above 0"),
        (_no_such_group, "conv9"),
        (_empty, "but it is empty"),
        (lambda rows: b"no parquet at all", "to be a latency table, but it cannot be read as one"),
    ],
)
def test_a_table_that_does_not_fit_is_one_sentence(
    spoil: Callable[[pd.DataFrame], bytes], sentence: str, timed_study: StudyFolder,
    exported: pd.DataFrame, open_page: Open,
) -> None:  # fmt: skip
    at = open_page(timed_study.folder.parent, "plan")
    budget(at, 60, "macs")
    before, known = draft(at, timed_study), files(timed_study)
    imported(at, spoil(exported))
    assert not at.exception
    (error,) = at.error
    assert error.value.startswith("Expected ")
    assert sentence in error.value
    assert draft(at, timed_study) == before
    assert files(timed_study) == known
    assert "Timed on a CPU, not on this machine" in texts(at)


def files(study: StudyFolder) -> set[str]:
    return {path.name for path in (study.folder / "latency").glob("*.parquet")}


def test_a_table_of_another_network_in_the_folder_predicts_nothing(
    timed_study: StudyFolder, open_page: Open
) -> None:
    """A folder that was put together by hand: rows of another graph are not this network's."""
    for path in (timed_study.folder / "latency").glob("*.parquet"):
        path.unlink()
    rows = [replace(row, graph="another") for row in timed.rows(timed_study.manifest)]
    latency: Table = timed.stored_rows(timed_study.folder)
    latency.append(rows)
    assert tables(timed_study.folder, timed_study.manifest) == ()
    at = open_page(timed_study.folder.parent, "plan")
    assert not at.exception
    assert "No latency table of this network yet" in texts(at)
    assert "Latency" not in at.multiselect(key="goal budgets").options


def test_a_plan_for_other_weights_is_one_sentence(
    study: StudyFolder, studies: Path, open_page: Open
) -> None:
    theirs = Plan("theirs", "0ther", {"fc1": Choice("magnitude", 0.9)})
    write_document(study.folder / "plans" / "theirs.json", theirs)
    at = open_page(studies, "plan")
    budget(at, 60)
    before = draft(at, study)
    at.selectbox(key="open plan").set_value("theirs").run()
    at.button(key="open").click().run()
    assert not at.exception
    assert "to be made for this study's weights and data" in at.error[0].value
    assert draft(at, study) == before
    for page in ("recover", "export"):
        at = open_page(studies, page)
        at.selectbox(key=f"{page} plan").set_value("theirs").run()
        assert not at.exception
        assert "to be made for this study's weights and data" in at.error[0].value
        at.selectbox(key=f"{page} plan").set_value("The draft on the Plan page").run()
        assert not at.error


def test_a_damaged_plan_is_one_sentence(study: StudyFolder, studies: Path, open_page: Open) -> None:
    (study.folder / "plans").mkdir(exist_ok=True)
    (study.folder / "plans" / "broken.json").write_text("{")
    at = open_page(studies, "plan")
    at.selectbox(key="open plan").set_value("broken").run()
    at.button(key="open").click().run()
    assert not at.exception
    assert at.error[0].value.startswith("Expected ")


def test_a_lock_outside_of_its_bounds_is_one_sentence(
    study: StudyFolder, studies: Path, open_page: Open
) -> None:
    at = open_page(studies, "plan")
    lock = Choice("magnitude", 0.3, locked=True)
    set_draft(at, study, draft(at, study).setting({"fc1": lock}))
    at.multiselect(key=own(study, "bounded")).set_value(["fc1"]).run()
    at.slider(key=own(study, "bound fc1")).set_value((50, 90)).run()
    budget(at, 70)
    (warning,) = at.warning
    assert warning.value.startswith("Expected ")
    assert "fc1" in warning.value
    assert draft(at, study).choices == {"fc1": lock}
    at.slider(key=own(study, "bound fc1")).set_value((20, 90)).run()
    assert not at.warning
    assert draft(at, study).choices["fc1"] == lock
    assert kept(study, draft(at, study)) <= 0.7


def test_a_lock_that_is_excluded_is_one_sentence(
    study: StudyFolder, studies: Path, open_page: Open
) -> None:
    at = open_page(studies, "plan")
    lock = Choice("magnitude", 0.3, locked=True)
    set_draft(at, study, draft(at, study).setting({"fc1": lock}))
    at.multiselect(key=own(study, "excluded")).set_value(["fc1"]).run()
    budget(at, 70)
    (warning,) = at.warning
    assert warning.value.startswith("Expected ")
    assert "fc1" in warning.value
    assert draft(at, study).choices == {"fc1": lock}


def test_a_target_out_of_reach_says_what_can_be_reached(
    study: StudyFolder, studies: Path, open_page: Open
) -> None:
    at = open_page(studies, "plan")
    budget(at, 50)
    before = draft(at, study)
    budget(at, 1)
    (warning,) = at.warning
    least = float(warning.value.partition(" reaches ")[2].partition(" %")[0])
    assert draft(at, study) == before
    budget(at, int(least) + 1)  # what it says can be had
    assert not at.warning
    assert kept(study, draft(at, study)) <= (int(least) + 1) / 100


def test_targets_that_exclude_each_other_are_one_sentence(
    study: StudyFolder, studies: Path, open_page: Open
) -> None:
    at = open_page(studies, "plan")
    budget(at, 50)
    before = draft(at, study)
    at.number_input(key="goal drop").set_value(0.0).run()
    (warning,) = at.warning
    assert warning.value.startswith("Expected ")
    assert not at.exception
    assert draft(at, study) == before
