"""A budget gives every layer its first points; pilots stand for all kinds of points."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from prunescope.bench.evaluate import Outcome
from prunescope.bench.workbench import Workbench
from prunescope.errors import CannotPrune
from prunescope.progress import Silent
from prunescope.replay.naive import NaiveEngine
from prunescope.store.folder import StudyFolder
from prunescope.study import Grid, Method
from prunescope.study.point import Point
from prunescope.sweep.kinds import kind_of
from prunescope.sweep.runner import sweep
from prunescope.sweep.work_list import points
from prunescope.sweep.work_order import by_information, pilots
from tests.stops import StopAfter

SPARSITIES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
GRID = Grid((Method("magnitude"),), SPARSITIES, recoveries=("none", "ls"))
SWEPT = Grid((Method("magnitude"),), SPARSITIES)


def test_each_layer_has_a_point_before_any_has_its_third(mlp: Workbench) -> None:
    order = [p for tier in by_information(points(GRID, mlp.manifest), mlp.manifest) for p in tier]
    assert sorted(order, key=str) == sorted(points(GRID, mlp.manifest), key=str)
    assert [(p.subject, p.sparsity) for p in order[:3]] == [
        ("fc3", 0.5), ("fc2", 0.5), ("fc1", 0.5)
    ]  # fmt: skip
    plain = [p for p in order if p.recovery == "none"]
    assert {p.sparsity for p in plain[3:9]} == {0.3, 0.8}
    refitted = [p for p in order if p.recovery == "ls"]
    assert {p.sparsity for p in refitted[:3]} == {0.5}
    assert order.index(refitted[0]) >= 9  # after the middle and its first bisection


@pytest.mark.parametrize("stop", [20, 26, 34])
def test_a_budget_buys_whole_points_of_every_layer_first(
    stop: int, mlp: Workbench, tmp_path: Path
) -> None:
    """It bought 53 begun ones and none at its end."""
    study = StudyFolder.create(tmp_path, mlp.manifest)
    sweep(mlp, study, SWEPT, StopAfter(stop), deadline=math.inf)
    frame = study.measured()
    whole = frame[frame["samples"] >= frame["population"]]
    count = whole.groupby("subject").size()
    assert len(whole) > 0
    if (count >= 3).any():
        assert set(count.index) == {"fc1", "fc2", "fc3"}
    assert len(frame) - len(whole) <= len(pilots(points(SWEPT, mlp.manifest), mlp.manifest)) + 3


class Clock:
    """Goes on by a second for every hundred samples that ``Ticking`` evaluates."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Ticking(NaiveEngine):
    """Takes its time on a clock of its own."""

    def __init__(self, bench: Workbench, clock: Clock) -> None:
        super().__init__(bench)
        self._clock = clock

    def outcomes(
        self, start: int, stop: int, points: Sequence[Point]
    ) -> Iterator[tuple[Point, Outcome | CannotPrune]]:
        for point, outcome in super().outcomes(start, stop, points):
            self._clock.now += (stop - start) / 100
            yield point, outcome


@pytest.mark.parametrize("seconds", [4, 20])
def test_what_a_budget_begins_it_finishes_first(
    seconds: int, mlp: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """0 points were measured and 16 begun: all pilots, of which none was finished."""
    clock = Clock()
    for name in ("monotonic", "process_time"):
        monkeypatch.setattr(f"time.{name}", clock)
    study = StudyFolder.create(tmp_path, mlp.manifest)
    engine = Ticking(mlp, clock)
    report = sweep(mlp, study, GRID, Silent(), engine, deadline=clock.now + seconds)
    frame = study.measured()
    whole = frame[frame["samples"] >= frame["population"]]
    assert len(whole) >= max(seconds // 3 - 2, 1)  # a point takes three seconds
    assert report.begun <= 2


def test_a_sweep_under_a_budget_ends_with_the_same_rows(mlp: Workbench, tmp_path: Path) -> None:
    frames = []
    for name, deadline in (("plain", None), ("budget", math.inf)):
        study = StudyFolder.create(tmp_path / name, mlp.manifest)
        report = sweep(mlp, study, SWEPT, Silent(), deadline=deadline)
        assert report.missing == 0
        frames.append(study.measured())
    for column in ("subject", "sparsity", "samples", "score_sum", "drop_sum", "drop_squares"):
        assert frames[0][column].tolist() == frames[1][column].tolist()


def test_pilots_are_of_every_kind_and_depth(lenet5: Workbench) -> None:
    methods = Method("magnitude"), Method("l1", "channel"), Method("taylor")
    grid = Grid(methods, (0.25, 0.5, 0.75), recoveries=("none", "ls"))
    wanted = points(grid, lenet5.manifest)
    ahead = pilots(wanted, lenet5.manifest)
    assert {kind_of(p) for p in ahead} == {kind_of(p) for p in wanted}
    assert {kind_of(p) for p in ahead[:4]} == {kind_of(p) for p in wanted}
    assert {p.method for p in ahead} == set(methods)
    assert len(ahead) < len(wanted) / 2
