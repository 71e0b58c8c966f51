"""What is found equals what an exact sweep says, and what is certified is within the limit."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import prunescope as ps
from prunescope.bench.workbench import Workbench
from prunescope.curves.curve import curves
from prunescope.errors import BadValue
from prunescope.finding.find import find, margins
from prunescope.finding.guess import last_within
from prunescope.progress import Silent
from prunescope.store.folder import StudyFolder
from prunescope.study import Grid, Method, parse_methods
from prunescope.sweep.runner import sweep

GRID = Grid(
    parse_methods("magnitude,l1@channel"), tuple(round(0.1 * step, 1) for step in range(1, 10))
)
LIMIT = 0.04


@pytest.fixture(scope="module")
def exact(lenet5: Workbench, tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    """LeNet-5's curves, every sample of 300 seen."""
    study = StudyFolder.create(tmp_path_factory.mktemp("exact") / "study", lenet5.manifest)
    sweep(lenet5, study, GRID, Silent())
    return StudyFolder.open(study.folder)


def truth(study: StudyFolder) -> dict[tuple[str, Method], list[tuple[float, float]]]:
    """Sparsities and drops of each curve."""
    return {
        (key.subject, key.method): [(point.sparsity, point.drop) for point in curve.points]
        for key, curve in curves(study.measured(), study.manifest).items()
    }


@pytest.mark.parametrize("engine", ["frontier", "naive"])
def test_answers_are_those_of_the_grid(
    lenet5: Workbench, exact: StudyFolder, tmp_path: Path, engine: str
) -> None:
    study = StudyFolder.create(tmp_path / engine, lenet5.manifest)
    report = find(lenet5, study, GRID, Silent(), LIMIT, certify=True, engine=engine)
    known = truth(exact)
    assert len(report.answers) == len(known)
    assert report.points < 0.7 * report.grid
    near = 0
    for answer in report.answers:
        points = known[answer.subject, Method(answer.criterion, answer.granularity)]
        sparsities = [0.0, *(sparsity for sparsity, _ in points)]
        drops = dict(points)
        right = sparsities[1 + last_within(np.array([drop for _, drop in points]), LIMIT)]
        near += abs(sparsities.index(right) - sparsities.index(answer.sparsity)) <= 1
        if answer.certified:
            assert drops[answer.certified] <= LIMIT + 1e-12
        if answer.sparsity and answer.samples == answer.population:
            assert answer.drop == pytest.approx(drops[answer.sparsity], abs=1e-6)
            assert answer.half_width == 0.0
    assert near >= len(known) - 1
    assert str(study.largest_sparsities()) == str(report.answers)
    frame = ps.open(study.folder).largest
    assert list(frame["sparsity"]) == [answer.sparsity for answer in report.answers]


def test_engines_say_the_same(lenet5: Workbench, tmp_path: Path) -> None:
    grid = replace(GRID, subjects=("conv2", "fc1"))
    both = []
    for engine in ("frontier", "naive"):
        study = StudyFolder.create(tmp_path / engine, lenet5.manifest)
        both.append(find(lenet5, study, grid, Silent(), LIMIT, engine=engine).answers)
    assert [(a.subject, a.sparsity, a.samples) for a in both[0]] == [
        (a.subject, a.sparsity, a.samples) for a in both[1]
    ]


def test_margins_are_the_distance_to_another_answer(lenet5: Workbench) -> None:
    far = margins(lenet5)
    assert far is not None
    rows = lenet5.dense.log_probabilities
    targets = lenet5.splits.validation.targets
    assert rows is not None
    assert isinstance(targets, torch.Tensor)
    for place in (0, 7, 99):
        others = rows[place].clone()
        own = others[targets[place]].item()
        others[targets[place]] = -torch.inf
        assert far[place] == pytest.approx(abs(own - others.max().item()), abs=1e-5)


class Stopper(Silent):
    """Stops after the third point."""

    points = 0

    def advance(self, steps: int = 1, message: str = "", **values: float) -> None:
        self.points += 1

    def cancelled(self) -> bool:
        return self.points >= 3


def test_a_stopped_search_keeps_what_stands(lenet5: Workbench, tmp_path: Path) -> None:
    study = StudyFolder.create(tmp_path / "study", lenet5.manifest)
    report = find(lenet5, study, GRID, Stopper(), LIMIT, certify=True)
    assert report.stopped
    assert 0 < len(report.answers) < 7
    assert all(np.isnan(answer.certified) for answer in report.answers)


def test_a_metric_of_a_whole_set_is_refused(lenet5: Workbench, tmp_path: Path) -> None:
    study = StudyFolder.create(tmp_path / "study", lenet5.manifest)
    metric = replace(lenet5.manifest.metric, over_set=True)
    bench = replace(lenet5, manifest=replace(lenet5.manifest, metric=metric))
    with pytest.raises(BadValue, match="Expected a metric of single samples"):
        find(bench, study, GRID, Silent(), LIMIT)
