"""A forecast rests on points that ran, and what a sweep may execute at most is at most that."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from prunescope.bench.evaluate import Outcome
from prunescope.bench.workbench import Workbench, prepare
from prunescope.errors import CannotPrune
from prunescope.progress import Silent
from prunescope.replay.naive import NaiveEngine
from prunescope.store.folder import StudyFolder
from prunescope.store.trust import vouch
from prunescope.study import Grid, Method, Reference
from prunescope.study.point import Point
from prunescope.sweep.forecast import PointRun, RunCosts
from prunescope.sweep.pace import WHOLE, last_paces, stored_paces
from prunescope.sweep.preflight import preflight
from prunescope.sweep.runner import sweep
from prunescope.sweep.work_list import missing_points, points, samples_left
from tests.conftest import TINY
from tests.stops import StopAfter

MACS = 1000
NORMED = (
    TINY.replace("self.mix = ", "self.norm = nn.BatchNorm2d(4)\n        self.mix = ")
    .replace("self.conv(x).relu()", "self.norm(self.conv(x)).relu()")
    .replace("part(60)", "part(300)")
)


def run(kind: str, behind: int, samples: int, first: bool = False) -> PointRun:
    return PointRun(kind, behind, samples, first)


def seconds(kind: str, behind: int, samples: int, first: bool) -> float:
    """A machine whose laws are known: refits cost more than their multiply-accumulates."""
    making = {"none weight": 0.01, "ls weight": 2.0}[kind] * (0.5 + behind / MACS)
    return making * first + 1e-3 * samples * behind / MACS


def test_kinds_with_different_costs_are_told_apart() -> None:
    costs = RunCosts(MACS)
    for kind in ("none weight", "ls weight"):
        for behind in (10, 500, 1000):
            for first, samples in ((True, 64), (False, 192)):
                costs.add([run(kind, behind, samples, first)],
                          seconds(kind, behind, samples, first))  # fmt: skip
    coming = [
        run(kind, behind, samples, samples == 64)
        for kind in ("none weight", "ls weight")
        for behind in range(0, 1001, 100)
        for samples in (64, 64, 128, 256)
    ]
    truth = sum(seconds(r.kind, r.behind, r.samples, r.first) for r in coming)
    assert costs.seconds(coming) == pytest.approx(truth, rel=0.05)
    said = costs.forecast(1.0, coming, 0.0, 1.0)
    assert said is not None
    assert said.low < truth + 1 < said.high
    assert costs.seconds([run("bn weight", 10, 64)]) is None


def test_what_all_share_is_no_points_own_cost() -> None:
    costs = RunCosts(MACS)
    costs.add([run("none weight", 10, 64, True)], 50.0, once=True)
    for behind in (10, 1000):
        costs.add([run("none weight", behind, 64, True)], 0.1)
    told = costs.seconds([run("none weight", 10, 64, True)] * 10)
    assert told is not None
    assert told < 5.0  # that call says 500 seconds


@pytest.fixture(scope="module")
def normed(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    """A tiny network with a batch norm, on 300 samples."""
    path = tmp_path_factory.mktemp("normed") / "normed.py"
    path.write_text(NORMED)
    reference = Reference(f"{path}:build", f"{path}:splits")
    vouch(reference)
    return prepare(reference)


class Slow(NaiveEngine):
    """Burns processor time for each point of one recovery, as a costly refit would."""

    def outcomes(
        self, start: int, stop: int, points: Sequence[Point]
    ) -> Iterator[tuple[Point, Outcome | CannotPrune]]:
        import time

        for point, outcome in super().outcomes(start, stop, points):
            if point.recovery == "ls":
                end = time.process_time() + 0.03
                while time.process_time() < end:
                    pass
            yield point, outcome


def test_a_costly_recovery_is_in_the_forecast(normed: Workbench, tmp_path: Path) -> None:
    """3.6 seconds were forecast by multiply-accumulates alone, and 21 taken."""
    sparsities = (0.2, 0.4, 0.6, 0.8)
    grid = Grid((Method("magnitude"),), sparsities, recoveries=("none", "ls"))
    study = StudyFolder.create(tmp_path, normed.manifest)
    report = sweep(normed, study, grid, Silent(), Slow(normed))
    assert report.forecast is not None
    assert report.missing == 0
    ratio = report.forecast.expected / report.processor
    assert 1 / 1.5 < ratio < 1.5
    by_kind = {pace.kind: pace for pace in report.paces}
    assert by_kind[WHOLE].points == 3 * 2 * 4
    assert by_kind["ls weight"].rate < by_kind["none weight"].rate


@pytest.mark.parametrize("stop", [1, 9, 1000])
def test_the_most_that_is_executed_holds_on_resuming(
    stop: int, normed: Workbench, tmp_path: Path
) -> None:
    """794 GMACs were promised at most, and 1,320 executed: batch norms are estimated again."""
    grid = Grid((Method("l1", "channel"),), (0.25, 0.5), recoveries=("none", "bn"))
    study = StudyFolder.create(tmp_path, normed.manifest)
    sweep(normed, study, grid, StopAfter(stop))
    todo = missing_points(points(grid, study.manifest), study.measured(), study.manifest)
    left = samples_left(todo, study.measured(), study.manifest)
    said = preflight(study.manifest, todo, left)
    report = sweep(normed, study, grid, Silent())
    assert report.missing == 0
    assert report.executed <= said.macs_bound == report.macs_bound
    if todo:
        assert said.macs_bound < 4 * report.executed
    assert sum(left.values()) < len(points(grid, study.manifest)) * 300 or stop == 1


def test_paces_are_by_kind_and_the_latest_counts(mlp: Workbench, tmp_path: Path) -> None:
    study = StudyFolder.create(tmp_path, mlp.manifest)
    assert last_paces(study.folder) == {}
    grid = Grid((Method("magnitude"),), (0.5,))
    report = sweep(mlp, study, grid, Silent())
    stored_paces(study.folder).append(report.paces)
    assert last_paces(study.folder) == {}  # too short to say anything
    todo = points(grid, study.manifest)
    assert preflight(study.manifest, todo).seconds({}) is None
    paces = {pace.kind: pace for pace in report.paces}
    said = preflight(study.manifest, todo).seconds(paces)
    assert said == pytest.approx(paces["none weight"].seconds)
