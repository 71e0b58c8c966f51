"""Sweeps that share a store begin apart, help each other, and leave nothing out."""

import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from prunescope.bench.workbench import Workbench
from prunescope.progress import Silent
from prunescope.store.folder import StudyFolder
from prunescope.store.other_sweeps import OtherSweeps
from prunescope.study.shard import Shard
from prunescope.sweep.runner import sweep
from prunescope.sweep.turns import Turns
from prunescope.sweep.work_list import points
from tests.analysis.sweep.asked import METHODS, grid

ASKED = grid((0.1, 0.3, 0.5, 0.7, 0.9), METHODS[:2])
NAMES = ("a", "b")


def turns(bench: Workbench, name: str, asked=ASKED, names=NAMES) -> Turns:
    manifest = bench.manifest
    return Turns(asked, points(asked, manifest), manifest, OtherSweeps(name, names))


def test_each_begins_with_its_own_part(lenet5: Workbench) -> None:
    whole = points(ASKED, lenet5.manifest)
    first, second = (set(turns(lenet5, name).take(whole)) for name in NAMES)
    assert first | second == set(whole)
    assert not first & second
    assert abs(len(first) - len(second)) <= 2


def test_who_is_done_helps_from_the_back_a_little_at_a_time(lenet5: Workbench) -> None:
    own = turns(lenet5, "a")
    left = [p for p in points(ASKED, lenet5.manifest) if p in turns(lenet5, "b").take([p])]
    left = [p for p in left if p not in own.take(points(ASKED, lenet5.manifest))]
    helped = own.take(left)
    assert 0 < len(helped) <= len(left) // 4
    assert set(helped) <= set(left[len(left) // 2 :])
    assert list(own.take(left[:1])) == left[:1]
    assert list(own.take([])) == []


def test_alone_and_in_shards_nothing_changes(lenet5: Workbench) -> None:
    whole = points(ASKED, lenet5.manifest)
    assert turns(lenet5, "a", names=("a",)).take(whole) is whole
    asked = replace(ASKED, shard=Shard(1, 2))
    mine = points(asked, lenet5.manifest)
    assert turns(lenet5, "a", asked).take(mine) is mine


@pytest.fixture(scope="module")
def whole(tiny_bench: Workbench, tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    study = StudyFolder.create(tmp_path_factory.mktemp("turns") / "whole", tiny_bench.manifest)
    sweep(tiny_bench, study, ASKED, Silent())
    return study


def copied(study: StudyFolder, target: StudyFolder) -> None:
    for table in ("measurements", "logits"):
        (target.folder / table).mkdir(exist_ok=True)
        for path in (study.folder / table).glob("*.parquet"):
            shutil.copy(path, target.folder / table / f"{path.stem[::-1]}x.parquet")


class Arriving(Silent):
    """Lets another sweep's points arrive once, while one runs."""

    def __init__(self, others: OtherSweeps, source: StudyFolder, target: StudyFolder) -> None:
        self._others, self._source, self._target = others, source, target

    def advance(self, steps: int = 1, message: str = "", **values: float) -> None:
        if len(self._others.names) < 2:
            self._others.meet(("b",))
            copied(self._source, self._target)


def test_what_another_has_done_is_not_measured_again(
    tiny_bench: Workbench, whole: StudyFolder, tmp_path: Path
) -> None:
    theirs = StudyFolder.create(tmp_path / "theirs", tiny_bench.manifest)
    sweep(tiny_bench, theirs, replace(ASKED, shard=Shard(2, 2)), Silent())
    study = StudyFolder.create(tmp_path / "own", tiny_bench.manifest)
    others = OtherSweeps("a", ("a",))
    progress = Arriving(others, theirs, study)
    report = sweep(tiny_bench, study, ASKED, progress, others=others)
    count = len(points(ASKED, tiny_bench.manifest))
    samples = int(whole.measured()["samples"].sum())
    assert report.missing == 0
    assert samples / 2 <= report.samples < 0.6 * samples  # the first point may have been theirs
    assert len(study.measured()) == count
    columns = ["subject", "criterion", "sparsity", "samples", "drop_sum"]
    pd.testing.assert_frame_equal(study.measured()[columns], whole.measured()[columns])


def test_who_is_left_alone_measures_all_of_it(
    tiny_bench: Workbench, whole: StudyFolder, tmp_path: Path
) -> None:
    """The other one was killed: its name stays, and none of its points come."""
    study = StudyFolder.create(tmp_path / "own", tiny_bench.manifest)
    report = sweep(tiny_bench, study, ASKED, Silent(), others=OtherSweeps("a", NAMES))
    assert (report.missing, report.samples) == (0, int(whole.measured()["samples"].sum()))
    columns = ["subject", "criterion", "sparsity", "samples", "drop_sum"]
    pd.testing.assert_frame_equal(study.measured()[columns], whole.measured()[columns])
