"""Several metrics at once: each is stored as if it were alone, drawn on request, and limited."""

import json
from pathlib import Path

import pandas as pd
import pytest

import prunescope as ps
from prunescope.errors import BadValue, CannotReach, UnknownName
from prunescope.progress import Silent
from prunescope.store.folder import StudyFolder
from prunescope.study import Reference
from prunescope.text.scores import words_of
from tests.analysis.api.digits import splits, trained
from tests.analysis.cli.command import Command

QUICK = {"methods": ["magnitude"], "sparsities": [0.3, 0.6], "progress": Silent()}
OTHERS = ("macro-f1", "cross-entropy")


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("several") / "s"
    study = ps.sweep(trained(), splits(), folder=folder, metric="top-1, macro-f1,cross-entropy",
                     **QUICK)  # fmt: skip
    study.verify(study.plan({"conv1": 0.3}), progress=Silent())
    return folder


@pytest.mark.parametrize("metric", OTHERS)
def test_each_is_stored_as_if_it_were_alone(several: Path, tmp_path: Path, metric: str) -> None:
    ps.sweep(trained(), splits(), folder=tmp_path / "alone", metric=metric, **QUICK)
    alone, drawn = StudyFolder.open(tmp_path / "alone"), StudyFolder.open(several).drawn_by(metric)
    order = ["subject", "sparsity"]
    own, other = (study.measured().sort_values(order) for study in (alone, drawn))
    for column in ("score_sum", "drop_sum", "drop_squares"):
        pd.testing.assert_series_equal(
            own[column].reset_index(drop=True), other[column].reset_index(drop=True), rtol=1e-5,
            atol=1e-6,
        )  # fmt: skip
    assert words_of(alone.manifest).metric == words_of(drawn.manifest).metric
    assert words_of(alone.manifest).dense == pytest.approx(words_of(drawn.manifest).dense)
    assert alone.manifest.scale == pytest.approx(drawn.manifest.scale)


def test_a_verified_plan_has_all_of_them(several: Path) -> None:
    study = ps.open(several)
    row = study.verify(study.plan({"conv1": 0.3}), progress=Silent())
    named = {words.name: drop for words, _, drop in row.by_others()}
    assert set(named) == set(OTHERS)
    drawn = StudyFolder.open(several).drawn_by("cross-entropy").verified()
    assert float(drawn["drop_sum"].iloc[0]) / row.samples == pytest.approx(
        named["cross-entropy"].mean
    )
    assert drawn["predictor"].tolist() == [""]


def test_one_is_limited_beside_the_drawn_one(several: Path) -> None:
    study = ps.open(several)
    free = study.solve(parameters=0.6, around=False)
    by_f1 = free.posed.predicted(free.plan)
    assert by_f1.drop is not None
    solved = study.solve(parameters=0.75, metrics={"macro-f1": "20pt"})
    lost = solved.posed.by_metric["macro-f1"](solved.plan).drop
    assert lost is not None
    assert lost <= 0.2
    assert "macro-f1=0.2" in solved.request.target
    with pytest.raises(CannotReach, match="a drop of macro-f1 of at most 0.0001 pt"):
        study.solve(parameters=0.6, metrics={"macro-f1": 1e-6})


def test_on_the_command_line(several: Path, run: Command) -> None:
    shown = run("show", str(several))
    assert "Stored: top-1, macro-f1, cross-entropy" in shown.out
    other = run("show", str(several), "--metric", "cross-entropy")
    assert "nats" in other.out
    made = json.loads(run("show", str(several), "--metric", "macro-f1", "--json").out)
    assert made["metric"]["name"] == "macro-f1"
    assert made["metrics"] == ["top-1", *OTHERS]
    planned = run("plan", str(several), "--target", "parameters=0.75", "--target", "top-1=30pt",
                  "--target", "macro-f1=30pt")  # fmt: skip
    assert planned.code == 0, planned
    assert "macro-f1: predicted" in planned.out
    refused = run("show", str(several), "--metric", "auroc")
    assert "Expected metric of this study to be one that exists" in refused.err
    again = run("sweep", "--study", str(several), "--metric", "auroc")
    assert "Expected the study's own --metric" in again.err


def test_what_is_no_list_of_metrics_is_refused() -> None:
    assert Reference("m", "d", "top-1,mae").also == ("mae",)
    for text in ("top-1,top-1", "top-1,", ",top-1"):
        with pytest.raises(BadValue, match="different metrics with commas between"):
            Reference("m", "d", text)
    with pytest.raises(BadValue, match="is counted anyway"):
        ps.sweep(trained(), splits(), folder=Path("unused"), metric="top-1,agreement", **QUICK)


def test_the_study_knows_no_other(several: Path) -> None:
    with pytest.raises(UnknownName, match="macro-f1"):
        StudyFolder.open(several).drawn_by("micro-f1")
    assert StudyFolder.open(several).drawn_by("top-1").drawn is None
