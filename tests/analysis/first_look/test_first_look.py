"""A first look ranks layers as an exact sweep does, and its intervals hold what that measures."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

import prunescope as ps
from prunescope.bench.workbench import Workbench, assemble, example_of
from prunescope.capture.network import build_network
from prunescope.curves.curve import curves
from prunescope.errors import BadValue
from prunescope.first_look.first_look import first_look
from prunescope.first_look.margin_changes import margin_divergences
from prunescope.progress import Silent
from prunescope.sources.data import Samples, Splits
from prunescope.sources.metrics import load_metric
from prunescope.store.folder import StudyFolder
from prunescope.store.merge import merge_study
from prunescope.study import Grid, Method, Reference, parse_methods
from prunescope.study.point import Point
from prunescope.sweep.runner import sweep

GRID = Grid(parse_methods("magnitude"), tuple(round(0.1 * step, 1) for step in range(1, 10)))


@pytest.fixture(scope="module")
def looked(lenet5: Workbench, tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    """LeNet-5 after a first look."""
    study = StudyFolder.create(tmp_path_factory.mktemp("look") / "study", lenet5.manifest)
    report = first_look(lenet5, study, GRID, Silent())
    assert not report.stopped
    assert report.anchors == 12
    assert 0 < report.error < 0.05
    assert 0 < report.passes < 60
    return StudyFolder.open(study.folder)


def test_predictions_are_those_of_the_grid(
    looked: StudyFolder, lenet5: Workbench, tmp_path: Path
) -> None:
    exact = StudyFolder.create(tmp_path / "exact", lenet5.manifest)
    sweep(lenet5, exact, GRID, Silent())
    drops = {
        (key.subject, point.sparsity): point.drop
        for key, curve in curves(exact.measured(), exact.manifest).items()
        for point in curve.points
    }
    foretold = {(p.subject, p.sparsity): p for p in looked.predictions()}
    assert foretold.keys() == drops.keys()
    measured = set(looked.measured()[["subject", "sparsity"]].itertuples(index=False, name=None))
    assert len(measured) == 12
    rest = sorted(foretold.keys() - measured)
    frame = exact.measured().set_index(["subject", "sparsity"])
    apart = [frame.loc[key, "divergence_sum"] for key in rest]  # of 300 drops, most are noise
    assert spearmanr([foretold[key].drop for key in rest], apart).statistic > 0.97
    errors = [abs(foretold[key].drop - drops[key]) for key in rest if drops[key] <= 0.05]
    assert np.mean(errors) < 0.012
    inside = [foretold[key].low <= drops[key] <= foretold[key].high for key in rest]
    assert np.mean(inside) > 0.9
    assert list(ps.open(looked.folder).predicted["drop"]) == [p.drop for p in looked.predictions()]


def test_measured_points_are_those_of_a_sweep(
    looked: StudyFolder, lenet5: Workbench, tmp_path: Path
) -> None:
    row = looked.measured().iloc[0]
    study = StudyFolder.create(tmp_path / "one", lenet5.manifest)
    sweep(
        lenet5, study, replace(GRID, subjects=(row.subject,), sparsities=(row.sparsity,)), Silent()
    )
    assert study.measured().iloc[0].drop_sum == row.drop_sum


def test_predictions_go_along_when_studies_are_merged(
    looked: StudyFolder, lenet5: Workbench, tmp_path: Path
) -> None:
    other = StudyFolder.create(tmp_path / "other", lenet5.manifest)
    merge_study(other, looked)
    assert other.predictions() == looked.predictions()


def test_a_linear_layers_margin_is_exact(tmp_path: Path) -> None:
    torch.manual_seed(1)
    network = torch.nn.Sequential(torch.nn.Linear(6, 4))
    inputs = torch.randn(40, 6)
    part = Samples(inputs, network(inputs).argmax(1))
    captured = build_network(network, example_of(part))
    splits = Splits(part, part, part)
    bench = assemble(Reference("net", "data"), captured, splits, load_metric("top-1", True))
    weight = bench.network.module.get_parameter("0.weight").detach()
    keep = weight.abs() > weight.abs().median()
    point = Point("0", Method("magnitude"), 0.5)
    found = margin_divergences(bench, {point: ("0.weight", keep)})[point]
    with torch.no_grad():
        dense = network(inputs).double()
        first, second = dense.topk(2).indices.T[:, :, None]
        pruned = (inputs @ (weight * keep).T + network[0].bias).double()
    log_odds = dense.gather(1, first) - dense.gather(1, second)
    moved = pruned.gather(1, first) - pruned.gather(1, second)
    before, after = log_odds.sigmoid(), moved.sigmoid()
    apart = before * (before / after).log() + (1 - before) * ((1 - before) / (1 - after)).log()
    assert found == pytest.approx(apart.mean().log().item(), rel=1e-3)


class _Stopper(Silent):
    """Stops after the first point."""

    points = 0

    def advance(self, steps: int = 1, message: str = "", **values: float) -> None:
        self.points += 1

    def cancelled(self) -> bool:
        return self.points >= 1


def test_a_stopped_look_predicts_nothing(lenet5: Workbench, tmp_path: Path) -> None:
    study = StudyFolder.create(tmp_path / "study", lenet5.manifest)
    assert first_look(lenet5, study, GRID, _Stopper()).stopped
    assert study.predictions() == ()


def test_what_it_cannot_predict_is_refused(lenet5: Workbench, tmp_path: Path) -> None:
    study = StudyFolder.create(tmp_path / "study", lenet5.manifest)
    for other in (
        replace(GRID, methods=parse_methods("magnitude@2:4")),
        replace(GRID, recoveries=("bn",)),
    ):
        with pytest.raises(BadValue, match="Expected weights, channels or heads without recovery"):
            first_look(lenet5, study, other, Silent())
    metric = replace(lenet5.manifest.metric, over_set=True)
    bench = replace(lenet5, manifest=replace(lenet5.manifest, metric=metric))
    with pytest.raises(BadValue, match="a metric that is a share of"):
        first_look(bench, study, GRID, Silent())
