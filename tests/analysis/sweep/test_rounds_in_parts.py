"""Rounds whose frontier memory cannot hold: progress goes on, and a stop leaves whole rows."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch

from prunescope.bench.workbench import Workbench
from prunescope.progress import Silent
from prunescope.replay import frontier
from prunescope.store.folder import StudyFolder
from prunescope.study import Grid, Method
from prunescope.sweep.runner import sweep
from prunescope.sweep.work_list import points
from tests.stops import StopAfter

GRID = Grid((Method("magnitude"), Method("l1", "channel")), (0.3, 0.7))


class Counted(Silent):
    """Notes every step."""

    def __init__(self) -> None:
        self.steps: list[int] = []

    def advance(self, steps: int = 1, message: str = "", **values: float) -> None:
        self.steps.append(steps)


@pytest.fixture
def bench(lenet5: Workbench, monkeypatch: pytest.MonkeyPatch) -> Workbench:
    """Batches of eight at most, one at a time for each thread."""
    monkeypatch.setattr(frontier, "HELD", 1)
    monkeypatch.setattr(frontier, "FEWEST", 100)
    return replace(lenet5, batch=8)


def rows(study: StudyFolder) -> pd.DataFrame:
    frame = study.measured()
    kept = [name for name in frame.columns if "time" not in name and "seconds" not in name]
    return frame[kept].sort_values(["subject", "criterion", "sparsity"], ignore_index=True)


def test_every_sample_is_counted_once_and_in_parts(bench: Workbench, tmp_path: Path) -> None:
    study, progress = StudyFolder.create(tmp_path, bench.manifest), Counted()
    report = sweep(bench, study, GRID, progress)
    wanted = points(GRID, bench.manifest)
    assert report.missing == 0
    assert sum(progress.steps) == len(wanted) * len(bench.splits.validation)
    assert min(progress.steps) >= 0
    assert max(progress.steps) <= 8 * torch.get_num_threads() < len(bench.splits.validation)


@pytest.mark.parametrize("stop", [40, 100, 200])
def test_a_stop_between_parts_leaves_what_going_on_completes_bit_for_bit(
    stop: int, bench: Workbench, tmp_path: Path
) -> None:
    whole = StudyFolder.create(tmp_path / "whole", bench.manifest)
    sweep(bench, whole, GRID, Silent())
    stopped = StudyFolder.create(tmp_path / "stopped", bench.manifest)
    report = sweep(bench, stopped, GRID, StopAfter(stop))
    assert report.missing > 0
    sweep(bench, stopped, GRID, Silent())
    pd.testing.assert_frame_equal(rows(stopped), rows(whole), check_exact=True)
