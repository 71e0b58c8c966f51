"""What is said beforehand of a sweep's multiply-accumulates is what it then executes."""

from dataclasses import replace
from pathlib import Path

import pytest

from prunescope.bench.workbench import Workbench, prepare
from prunescope.progress import Silent
from prunescope.replay import frontier
from prunescope.store.folder import StudyFolder
from prunescope.store.trust import vouch
from prunescope.study import Grid, Method, Reference
from prunescope.sweep.preflight import Preflight, preflight
from prunescope.sweep.runner import sweep
from prunescope.sweep.stopping_policy import Policy
from prunescope.sweep.work_list import missing_points, points, samples_left
from tests.residual import SOURCE
from tests.stops import StopAfter

METHODS = {
    "weight": (Method("magnitude"),),
    "channel": (Method("l1", "channel"),),
    "both": (Method("l1", "channel"), Method("magnitude")),
}


@pytest.fixture(scope="module")
def residual(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    """A small residual network, untrained, on 300 samples."""
    path = tmp_path_factory.mktemp("bound") / "net.py"
    small = SOURCE.replace("range(3)", "range(1)").replace("400", "128").replace("1000)", "428)")
    path.write_text(small + "\n\ndef build():\n    torch.manual_seed(0)\n    return Residual()\n")
    reference = Reference(f"{path}:build", f"{path}:splits")
    vouch(reference)
    return prepare(reference)


def said(study: StudyFolder, grid: Grid) -> Preflight:
    todo = missing_points(points(grid, study.manifest), study.measured(), study.manifest)
    return preflight(study.manifest, todo, samples_left(todo, study.measured(), study.manifest))


@pytest.mark.parametrize("recoveries", [("none",), ("bn",), ("ls",), ("none", "bn", "ls")])
@pytest.mark.parametrize("granularity", METHODS)
def test_a_fresh_sweep_executes_what_was_said(
    granularity: str, recoveries: tuple[str, ...], residual: Workbench, tmp_path: Path
) -> None:
    """19.5 GMACs were said at most, and 37.7 executed; 156 were said of a plain loop of 48."""
    study = StudyFolder.create(tmp_path, residual.manifest)
    grid = Grid(METHODS[granularity], (0.3, 0.5), recoveries=recoveries)
    before = said(study, grid)
    report = sweep(residual, study, grid, Silent())
    assert report.missing == 0
    assert report.executed <= before.macs_bound == report.macs_bound
    assert before.macs_bound < 1.5 * report.executed
    assert before.macs == pytest.approx(report.macs, rel=0.02)


@pytest.mark.parametrize("recovery", ["none", "bn", "ls"])
def test_a_sweep_whose_points_walk_in_groups_executes_what_was_said(
    recovery: str, residual: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each group computes the dense network again up to where it begins."""
    monkeypatch.setattr(frontier, "HELD", 1)
    monkeypatch.setattr(frontier, "FEWEST", 1)
    bench = replace(residual, batch=16)
    study = StudyFolder.create(tmp_path, bench.manifest)
    grid = Grid(METHODS["both"], (0.3, 0.5), recoveries=(recovery,))
    report = sweep(bench, study, grid, Silent())
    assert report.missing == 0
    assert report.executed <= report.macs_bound < 1.6 * report.executed


@pytest.mark.parametrize("stop", [1, 25, 90])
def test_a_sweep_taken_up_again_executes_what_is_left(
    stop: int, residual: Workbench, tmp_path: Path
) -> None:
    study = StudyFolder.create(tmp_path, residual.manifest)
    grid = Grid(METHODS["both"], (0.3, 0.5), recoveries=("none", "bn", "ls"))
    whole = said(study, grid)
    sweep(residual, study, grid, StopAfter(stop))
    before = said(study, grid)
    report = sweep(residual, study, grid, Silent())
    assert report.missing == 0
    assert report.executed <= before.macs_bound <= whole.macs_bound
    assert before.macs_bound < 2 * report.executed
    assert before.macs == pytest.approx(report.macs, rel=0.02)


def test_an_exact_sweep_after_an_adaptive_one_is_bounded_too(
    residual: Workbench, tmp_path: Path
) -> None:
    """Adaptive sweeps stop where no usual chunk ends."""
    study = StudyFolder.create(tmp_path, residual.manifest)
    grid = Grid(METHODS["weight"], (0.1, 0.5), recoveries=("none", "bn"))
    sweep(residual, study, grid, Silent(), policy=Policy("adaptive", tolerance=0.1))
    before = said(study, grid)
    report = sweep(residual, study, grid, Silent())
    assert 0 < report.executed <= before.macs_bound < 2.5 * report.executed


def test_under_a_budget_at_most_every_whole_network_runs(
    residual: Workbench, tmp_path: Path
) -> None:
    study = StudyFolder.create(tmp_path, residual.manifest)
    grid = Grid(METHODS["both"], (0.5,), recoveries=("none", "bn", "ls"))
    report = sweep(residual, study, grid, Silent(), deadline=float("inf"))
    assert report.missing == 0
    assert report.executed <= report.macs_bound < 2.5 * report.executed
