"""A measured plan tells which units it removed; one stored before that is measured once more."""

import shutil
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch

from prunescope.bench.pruned import select
from prunescope.bench.workbench import Workbench
from prunescope.criteria.scores import Scores
from prunescope.store import removed_units
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Choice, Plan
from prunescope.sweep.verify_plan import verify_plan

PREDICTED = {"predicted_drop": 0.125, "predictor": "sum of drops"}


@pytest.fixture(scope="module")
def measured(tiny_bench: Workbench, tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    """A study of two measured plans: of channels beside weights, and of weights alone."""
    study = StudyFolder.create(tmp_path_factory.mktemp("verified") / "s", tiny_bench.manifest)
    for plan in plans(study):
        verify_plan(tiny_bench, study, plan)
    return study


def plans(study: StudyFolder) -> tuple[Plan, Plan]:
    manifest = study.manifest
    weights = {"head": Choice("magnitude", 0.5)}
    units = {"conv": Choice("l1", 0.5, "channel")}
    return (
        Plan("units", manifest.fingerprint, units | weights),
        Plan("weights", manifest.fingerprint, weights),
    )


def earlier(study: StudyFolder, folder: Path) -> StudyFolder:
    """A copy whose rows were written before there were indices."""
    shutil.copytree(study.folder, folder)
    for path in (folder / "verifications").glob("*.parquet"):
        frame = pq.read_table(path).to_pandas().drop(columns="removed_units")
        path.unlink()
        frame.assign(**PREDICTED).to_parquet(path.with_name(f"old-{path.name}"))
    return StudyFolder.open(folder)


def test_the_indices_are_those_that_the_masks_remove(
    tiny_bench: Workbench, measured: StudyFolder
) -> None:
    plan, weights = plans(measured)
    masks = select(plan, Scores(tiny_bench.network, tiny_bench.splits.calibration,
                                tiny_bench.groups)).units  # fmt: skip
    rows = measured.verified().set_index("digest")["removed_units"]
    assert removed_units.indices(rows[plan.digest]) == {
        name: torch.where(~keep)[0].tolist() for name, keep in masks.items()
    }
    assert masks
    assert removed_units.indices(rows[weights.digest]) == {}
    assert rows[weights.digest] != removed_units.UNKNOWN


def test_an_earlier_row_opens_and_measuring_again_adds_the_indices_alone(
    tiny_bench: Workbench, measured: StudyFolder, tmp_path: Path
) -> None:
    study = earlier(measured, tmp_path / "s")
    assert set(study.verified()["removed_units"]) == {removed_units.UNKNOWN}
    plan, weights = plans(study)
    verify_plan(tiny_bench, study, weights)  # nothing to add: nothing is written
    assert len(list((study.folder / "verifications").glob("*.parquet"))) == 2
    row = verify_plan(tiny_bench, study, plan)
    assert removed_units.indices(row.removed_units)
    expected = measured.verified().assign(**PREDICTED)
    expected.loc[expected["digest"] == weights.digest, "removed_units"] = removed_units.UNKNOWN
    pd.testing.assert_frame_equal(study.verified(), expected, check_exact=True)
    again = verify_plan(tiny_bench, study, plan)
    assert again.removed_units == row.removed_units
    assert len(list((study.folder / "verifications").glob("*.parquet"))) == 3
