"""A first look ranks units as an exact sweep does, and its intervals hold what that measures."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr

from prunescope.bench.workbench import Workbench
from prunescope.first_look.first_look import LookReport, first_look
from prunescope.first_look.sampled_changes import (
    LEAST,
    MOST,
    PASSES,
    sample_count,
    sampled_divergences,
)
from prunescope.progress import Silent
from prunescope.replay import choose_engine
from prunescope.replay.naive import NaiveEngine
from prunescope.store.folder import StudyFolder
from prunescope.store.predicted_points import one_of_each_kind, predicted_curves
from prunescope.study import Grid, parse_methods
from prunescope.sweep.runner import sweep
from prunescope.sweep.work_behind import suffix_macs
from prunescope.sweep.work_list import points
from prunescope.text.predictions import prediction_sentence
from prunescope.text.scores import words_of

GRID = Grid(parse_methods("l1@channel"), tuple(round(0.1 * step, 1) for step in range(1, 10)))
BOTH = replace(GRID, methods=parse_methods("magnitude,l1@channel"))


@pytest.fixture(scope="module")
def exact(lenet5: Workbench, tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    """LeNet-5's channels, measured."""
    study = StudyFolder.create(tmp_path_factory.mktemp("units") / "exact", lenet5.manifest)
    sweep(lenet5, study, GRID, Silent())
    return study


@pytest.fixture(scope="module")
def looked(
    lenet5: Workbench, tmp_path_factory: pytest.TempPathFactory
) -> tuple[StudyFolder, LookReport]:
    """LeNet-5 after a first look at weights and channels."""
    study = StudyFolder.create(tmp_path_factory.mktemp("units") / "look", lenet5.manifest)
    report = first_look(lenet5, study, BOTH, Silent())
    return StudyFolder.open(study.folder), report


def test_its_grid_is_what_a_sweep_takes(lenet5: Workbench, tmp_path: Path) -> None:
    study = StudyFolder.create(tmp_path / "study", lenet5.manifest)
    report = first_look(lenet5, study, GRID, Silent())
    rest = sweep(lenet5, study, GRID, Silent())
    whole = StudyFolder.create(tmp_path / "whole", lenet5.manifest)
    executed = sweep(lenet5, whole, GRID, Silent()).executed
    passes = executed / lenet5.manifest.macs / len(lenet5.splits.validation)
    assert report.grid_passes == pytest.approx(passes, rel=0.15)
    assert rest.measured == len(points(GRID, lenet5.manifest)) - 12


def test_predictions_of_units_are_what_a_sweep_measures(
    looked: tuple[StudyFolder, LookReport], exact: StudyFolder
) -> None:
    study, report = looked
    assert (report.stopped, report.anchors) == (False, 24)  # a dozen of either kind
    assert 0 < report.passes < min(60, report.grid_passes)
    rows = exact.measured().set_index(["subject", "sparsity"])
    foretold = {
        (p.subject, p.sparsity): p for p in study.predictions() if p.granularity == "channel"
    }
    assert foretold.keys() == set(rows.index)
    measured = study.measured()
    anchors = measured[measured["granularity"] == "channel"]
    rest = sorted(
        foretold.keys() - set(anchors[["subject", "sparsity"]].itertuples(index=False, name=None))
    )
    assert len(rest) == len(rows) - 12
    drops = np.array([rows.loc[k, "drop_sum"] / rows.loc[k, "samples"] for k in rest])
    predicted = np.array([foretold[k].drop for k in rest])
    apart = [rows.loc[k, "divergence_sum"] for k in rest]
    assert spearmanr(predicted, apart).statistic > 0.95
    assert np.abs(predicted - drops)[drops <= 0.05].mean() < 0.015
    assert np.mean([foretold[k].low <= d <= foretold[k].high
                    for k, d in zip(rest, drops, strict=True)]) > 0.9  # fmt: skip
    for _, row in anchors.iterrows():
        assert row["drop_sum"] == rows.loc[(row["subject"], row["sparsity"]), "drop_sum"]


def test_weights_and_units_are_told_apart(looked: tuple[StudyFolder, LookReport]) -> None:
    rows = looked[0].predictions()
    words = words_of(looked[0].manifest)
    weights, units = (
        prediction_sentence(p.anchors, p.error, words, p.granularity)
        for p in one_of_each_kind(rows)
    )
    assert "gradient of the dense answers and second moments, fitted on 12 measured" in weights
    assert "Units are predicted from the pruned answers to a few samples, fitted on 12" in units
    methods = {curve.method for curve in predicted_curves(rows)}
    assert methods == {"magnitude", "l1@channel"}


def test_either_engine_sees_the_same_divergences(lenet5: Workbench) -> None:
    wanted = points(replace(GRID, sparsities=(0.3, 0.7)), lenet5.manifest)
    replayed = sampled_divergences(lenet5, choose_engine(lenet5, "frontier"), wanted, Silent())
    plain = sampled_divergences(lenet5, NaiveEngine(lenet5), wanted, Silent())
    assert plain.keys() == set(wanted)
    assert replayed == pytest.approx(plain, abs=1e-4)


def test_many_points_are_looked_at_on_fewer_samples(lenet5: Workbench) -> None:
    wanted = points(GRID, lenet5.manifest)
    behind, total = suffix_macs(lenet5.manifest), len(lenet5.splits.validation)
    work = sum(behind(point.subject) for point in wanted) / lenet5.manifest.macs
    assert sample_count(lenet5, wanted) == min(MOST, int(PASSES * total / work), total)
    assert sample_count(lenet5, wanted * 1000) == LEAST
    assert sample_count(lenet5, wanted[:1]) == min(MOST, total)


class _Stopper(Silent):
    """Stops before anything is measured."""

    def cancelled(self) -> bool:
        return True


def test_a_stopped_look_predicts_nothing(lenet5: Workbench, tmp_path: Path) -> None:
    study = StudyFolder.create(tmp_path / "study", lenet5.manifest)
    assert first_look(lenet5, study, GRID, _Stopper()).stopped
    assert study.predictions() == ()
