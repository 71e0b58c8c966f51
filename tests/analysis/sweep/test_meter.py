"""What a sweep says of itself: points, samples and multiply-accumulates; pauses cost nothing."""

from pathlib import Path

import pytest

from prunescope.bench.workbench import Workbench
from prunescope.jobs.records import JobRecord, read_track
from prunescope.jobs.worker import JobProgress
from prunescope.progress import Silent
from prunescope.replay import choose_engine
from prunescope.store.folder import StudyFolder
from prunescope.store.json_documents import write_document
from prunescope.study import Grid, Method, doubling
from prunescope.sweep import runner
from prunescope.sweep.preflight import preflight
from prunescope.sweep.runner import sweep
from prunescope.sweep.stopping_policy import Policy
from prunescope.text.sweep_costs import macs_done, points_done

GRID = Grid((Method("magnitude"), Method("random")), (0.3, 0.6, 0.9), seeds=(0,))
POINTS = 3 * 2 * 3


class Told(Silent):
    """Keeps every figure that it is told."""

    def __init__(self) -> None:
        self.figures: list[dict[str, float]] = []

    def stand(self, **figures: float) -> None:
        self.figures.append(figures)


@pytest.mark.parametrize("engine", ["frontier", "naive"])
def test_figures_end_where_they_said_they_would(
    mlp: Workbench, tmp_path: Path, engine: str
) -> None:
    told = Told()
    study = StudyFolder.create(tmp_path, mlp.manifest)
    report = sweep(mlp, study, GRID, told, choose_engine(mlp, engine))
    last = told.figures[-1]
    assert last["points"] == last["points_wanted"] == POINTS
    assert last["macs"] == last["macs_expected"] > 0
    assert last["macs"] <= report.executed
    for name in ("points", "samples", "macs", "macs_counted", "seconds"):
        values = [figures[name] for figures in told.figures]
        assert values == sorted(values)
    assert {figures["samples"] for figures in told.figures} == {0, *doubling(300)[:-1]}
    expected = preflight(mlp.manifest, runner.points(GRID, mlp.manifest))  # type: ignore[arg-type]
    assert last["macs_counted"] == expected.suffix_macs
    if engine == "naive":
        assert (report.executed, report.bound) == (report.macs, 0)
    else:
        assert report.bound > 0
        assert report.executed < 1.2 * report.bound


def test_the_expectation_is_near_from_the_second_round_on(mlp: Workbench, tmp_path: Path) -> None:
    told = Told()
    sweep(mlp, StudyFolder.create(tmp_path, mlp.manifest), GRID, told)
    final = told.figures[-1]["macs"]
    later = [figures["macs_expected"] for figures in told.figures[2 * POINTS :]]
    assert all(0.8 * final < expected < 1.25 * final for expected in later)


def test_points_that_are_known_count_as_done(mlp: Workbench, tmp_path: Path) -> None:
    study = StudyFolder.create(tmp_path, mlp.manifest)
    sweep(mlp, study, Grid((Method("magnitude"),), (0.3, 0.6, 0.9)), Silent())
    told = Told()
    sweep(mlp, study, GRID, told)
    assert told.figures[0]["points"] == POINTS / 2
    assert told.figures[-1]["points"] == told.figures[-1]["points_wanted"] == POINTS


def test_settled_points_count_as_done(mlp: Workbench, tmp_path: Path) -> None:
    told = Told()
    study = StudyFolder.create(tmp_path, mlp.manifest)
    report = sweep(mlp, study, GRID, told, policy=Policy("decide", limit=0.5))
    assert report.partial > 0
    assert told.figures[-1]["macs"] < told.figures[POINTS - 1]["macs_expected"]


class Pausing(Silent):
    """A clock that stands still, but for one pause."""

    def __init__(self) -> None:
        self.now, self._pauses = 1000.0, [0.0, 60.0]  # once the first round has begun

    def cancelled(self) -> bool:
        self.now += self._pauses.pop(0) if self._pauses else 0.0
        return False


def test_a_pause_is_no_part_of_the_budget_or_of_the_pace(
    mlp: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    progress = Pausing()
    monkeypatch.setattr("time.monotonic", lambda: progress.now)
    grid = Grid((Method("magnitude"),), (0.5,), ("fc3",))
    study = StudyFolder.create(tmp_path, mlp.manifest)
    report = sweep(mlp, study, grid, progress, deadline=progress.now + 1)
    assert (report.missing, report.seconds) == (0, 0.0)
    assert progress.now == 1060.0


def test_a_pause_sends_no_point_to_screening(
    mlp: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It did: whoever paused a sweep's first round saw nothing move for minutes afterwards."""
    progress = Pausing()
    monkeypatch.setattr("time.monotonic", lambda: progress.now)
    study = StudyFolder.create(tmp_path, mlp.manifest)
    sweep(mlp, study, GRID, progress, screening=True)
    assert progress.now - 1000 > runner.FIRST
    assert study.screened().empty


def test_what_waits_too_long_for_its_first_samples_is_screened(
    mlp: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = StudyFolder.create(tmp_path / "quick", mlp.manifest)
    sweep(mlp, quick, GRID, Silent(), screening=True)
    assert quick.screened().empty
    monkeypatch.setattr(runner, "FIRST", 0.0)
    slow = StudyFolder.create(tmp_path / "slow", mlp.manifest)
    report = sweep(mlp, slow, GRID, Silent(), screening=True)
    assert 0 < len(slow.screened()) < POINTS  # the first one had its samples
    assert report.missing == 0


def test_figures_reach_whoever_watches_the_job(tmp_path: Path) -> None:
    write_document(tmp_path / "job.json", JobRecord(("sweep",), 0.0))
    progress = JobProgress(tmp_path)
    progress.start(10, "measuring")
    progress.stand(points=1, points_wanted=2, samples=64, population=300)
    progress.advance(4, "fc1")
    progress.flush()
    track = read_track(tmp_path / "progress.jsonl")
    assert points_done(track.figures) == "1 of 2 points done, the other past 64 of 300 samples"
    assert macs_done(track.figures) == ""
    progress.start(3, "another phase")
    assert read_track(tmp_path / "progress.jsonl").figures == {}
