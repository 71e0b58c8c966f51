"""The classes and samples that a measured plan changes are the store's."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from prunescope.bench.workbench import Workbench
from prunescope.dashboard.tables.classes import COLUMNS, class_table
from prunescope.export.changed_samples import read_changed, write_changed
from prunescope.export.find_changed import measure_changed
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Choice, Plan
from prunescope.sweep.verify_plan import verify_plan
from tests.dashboard.page import Open, texts


@pytest.fixture
def measured(
    checked_once: Path, tmp_path: Path, lenet5: Workbench, open_page: Open
) -> tuple[AppTest, StudyFolder, dict[Any, Any]]:
    """The page Plans with one measured plan, whose changed samples are stored."""
    folder = Path(shutil.copytree(checked_once, tmp_path / "studies"))
    study = StudyFolder.open(folder / "lenet5")
    plan = Plan("half", study.manifest.fingerprint, {"conv1": Choice("magnitude", 0.9)})
    study.save_plan(plan)
    verify_plan(lenet5, study, plan)
    write_changed(study.folder, measure_changed(lenet5, plan))
    rows = study.verified()
    row = rows[(rows["digest"] == plan.digest) & (rows["split"] == "validation")].iloc[0]
    return open_page(folder, "plans"), study, row.to_dict()


def test_classes_and_samples_are_the_stores(
    measured: tuple[AppTest, StudyFolder, dict[Any, Any]],
) -> None:
    at, study, row = measured
    assert not at.exception
    baseline, correct = study.manifest.baseline, list(row["class_correct"])
    assert baseline is not None
    table = next(one.value for one in at.dataframe if tuple(one.value.columns) == COLUMNS)
    assert list(table["Change"]) == sorted(table["Change"])
    names = list(study.manifest.classes)
    for cells in table.to_dict("records"):
        label = names.index(cells["Class"])
        samples = baseline.class_samples[label]
        assert cells["Samples"] == samples
        assert cells["Dense"] == pytest.approx(100 * baseline.class_correct[label] / samples)
        assert cells["Pruned"] == pytest.approx(100 * correct[label] / samples)
        assert cells["Change"] == pytest.approx(cells["Pruned"] - cells["Dense"])
    lost = (table["Samples"] * table["Change"]).sum() / 100
    assert -lost == pytest.approx(row["drop_sum"])
    seen = read_changed(study.folder, row["digest"])
    assert seen is not None
    assert f"{seen.changed} of {seen.samples} validation samples" in texts(at)
    answers = [caption.value for caption in at.caption if " → " in caption.value]
    assert [answer.partition(",")[0] for answer in answers] == [
        f"{one.dense} → {one.pruned}" for one in seen.shown
    ]
    was_right = [one for one in seen.shown if one.dense == one.target]
    at.segmented_control(key="behaviour kind").set_value("lost").run()
    answers = [caption.value for caption in at.caption if " → " in caption.value]
    assert len(answers) == len(was_right) < len(seen.shown)


def test_what_nobody_looked_at_is_said(checked_once: Path, open_page: Open) -> None:
    study = StudyFolder.open(checked_once / "lenet5")
    assert class_table(study.manifest, ()).empty
    assert not open_page(checked_once, "plans").exception
