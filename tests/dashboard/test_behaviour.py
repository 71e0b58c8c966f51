"""The classes and samples that a measured plan changes are the store's."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from prunescope.bench.workbench import Workbench
from prunescope.dashboard.tables.answers import answer_table, chosen, moves
from prunescope.dashboard.tables.classes import COLUMNS, class_table
from prunescope.export.changed_samples import read_changed, write_changed
from prunescope.export.find_changed import measure_changed
from prunescope.store.folder import StudyFolder
from prunescope.store.json_documents import from_json
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
    table = answer_table(study.manifest, study.answered_samples(row["digest"]))
    for one in seen.shown:
        answered = table.iloc[one.index]
        assert (answered["target"], answered["dense"], answered["pruned"]) == (
            one.target, one.dense, one.pruned,
        )  # fmt: skip
    assert (table["kind"] != "same").sum() == seen.changed
    was_right = [one for one in seen.shown if one.dense == one.target]
    at.segmented_control(key="behaviour kind").set_value("lost").run()
    answers = [caption.value for caption in at.caption if " → " in caption.value]
    assert len(answers) == len(was_right) < len(seen.shown)


def test_moved_answers_are_the_stores_by_class_and_kind(
    measured: tuple[AppTest, StudyFolder, dict[Any, Any]],
) -> None:
    at, study, row = measured
    stored = study.answered_samples(row["digest"])
    own, dense, pruned = (np.asarray(c) for c in (stored.target, stored.dense, stored.pruned))
    names = list(study.manifest.classes)
    counts = np.zeros((len(names), len(names)), int)
    np.add.at(counts, (dense, pruned), dense != pruned)
    (shown,) = [one for one in figures(at) if one["data"][0].get("texttemplate")]
    order = [names.index(name) for name in shown["layout"]["xaxis"]["ticktext"]]
    said = [int(text.partition(" ")[0]) for line in shown["data"][0]["hovertext"] for text in line]
    assert said == counts[np.ix_(order, order)].ravel().tolist()
    assert sum(said) == counts.sum() > 0

    samples = "Sample", "Dense sure", "Pruned sure"
    busiest = names[int(np.bincount(own[dense != pruned]).argmax())]
    at.selectbox(key="behaviour class").set_value(busiest)
    at.segmented_control(key="behaviour kind").set_value("lost").run()
    table = next(one.value for one in at.dataframe if set(samples) <= set(one.value.columns))
    wanted = (own == names.index(busiest)) & (dense == own) & (pruned != own)
    assert set(table["Sample"]) == set(np.flatnonzero(wanted)) != set()
    for cells in table.to_dict("records"):
        place = cells["Sample"]
        assert cells["Is"] == cells["Dense"] == busiest
        assert cells["Pruned"] == names[pruned[place]]
        assert cells["Dense sure"] == pytest.approx(100 * stored.dense_confidence[place])
        assert cells["Pruned sure"] == pytest.approx(100 * stored.pruned_confidence[place])
    assert f"of class {busiest} these answers moved: {wanted.sum()} from right" in texts(at)


def test_without_labels_or_with_many_classes_moves_are_still_counted(
    measured: tuple[AppTest, StudyFolder, dict[Any, Any]],
) -> None:
    _, study, row = measured
    stored = study.answered_samples(row["digest"])
    table = answer_table(study.manifest, replace(stored, target=()))
    changed = chosen(table, "other", None)
    assert len(changed) == sum(a != b for a, b in zip(stored.dense, stored.pruned, strict=True))
    assert chosen(table, "lost", None).empty
    few = moves(changed, study.manifest.classes, 3)
    all_of_them = moves(changed, study.manifest.classes, 99)
    assert few.shape == (3, 3)
    assert all_of_them.to_numpy().sum() == len(changed)
    assert few.equals(all_of_them.loc[few.index, few.columns])


def test_a_plan_measured_without_its_answers_says_so(
    checked_once: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(checked_once, tmp_path / "studies"))
    study = StudyFolder.open(folder / "lenet5")
    row = study.verified().iloc[0]
    study.save_plan(replace(from_json(Plan, row["plan"], "it"), name="old"))
    shutil.rmtree(study.answers.folder, ignore_errors=True)
    begun: list[Any] = []
    monkeypatch.setattr(
        "prunescope.dashboard.shared.launch.start",
        lambda folder, request: begun.append(request),
    )
    at = open_page(folder, "plans")
    assert "were not stored when this plan was measured" in texts(at)
    at.button(key="measure for answers").click().run()
    assert [Path(request.plan).stem for request in begun] == [row["digest"]]


def figures(at: AppTest) -> list[dict[str, Any]]:
    return [json.loads(chart.proto.spec) for chart in at.get("plotly_chart")]


def test_what_nobody_looked_at_is_said(checked_once: Path, open_page: Open) -> None:
    study = StudyFolder.open(checked_once / "lenet5")
    assert class_table(study.manifest, ()).empty
    assert not open_page(checked_once, "plans").exception
