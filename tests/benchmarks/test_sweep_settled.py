"""What ``benchmarks.sweep_settled`` replays from stored answers is what a real sweep does."""

import numpy as np
import pytest

from benchmarks.sweep_settled import answers, covered, settle, wrong
from prunescope.progress import Silent
from prunescope.store.folder import StudyFolder
from prunescope.store.parquet_table import rows_of
from prunescope.study import Grid, Method
from prunescope.sweep.runner import sweep
from prunescope.sweep.stopping_policy import Policy

GRID = Grid((Method("magnitude"),), (0.1, 0.3, 0.5, 0.7, 0.9))
POLICIES = [
    Policy(), Policy("adaptive", tolerance=0.05), Policy("decide", limit=0.05),
    Policy("decide", limit=0.05, monotone=False),
]  # fmt: skip


@pytest.fixture(scope="module")
def mlp(sample_bench):
    return sample_bench("mlp")


@pytest.fixture(scope="module")
def exact(mlp, tmp_path_factory):
    study = StudyFolder.create(tmp_path_factory.mktemp("exact") / "study", mlp.manifest)
    sweep(mlp, study, GRID, Silent())
    return study


@pytest.mark.parametrize("policy", POLICIES, ids=str)
def test_the_same_points_stop_after_the_same_samples(mlp, exact, tmp_path, policy):
    real = StudyFolder.create(tmp_path / "real", mlp.manifest)
    sweep(mlp, real, GRID, Silent(), policy=policy)
    known = answers(exact)
    stand = settle(known, policy)
    found = {row.key: row.samples for row in rows_of(real.measurements, real.measured())}
    assert policy.mode == "exact" or min(found.values()) < 300
    assert {point.key(exact.manifest): n for point, n in stand.items()} == found
    truth = {point: float(drops.mean()) for point, drops in known.drops.items()}
    assert wrong({p: known.seen(p, n) for p, n in stand.items()}, truth, policy) == 0
    for point, drops in known.drops.items():
        assert drops.sum() == pytest.approx(known.rows[point].drop_sum)


def test_an_interval_that_misses_is_seen():
    """Nothing falls in the first seven eighths, then everything: no order that a dice gives."""
    drops = np.repeat([0.0, 1.0], [3500, 500])
    assert not covered(drops)
    assert covered(np.random.default_rng(3).permutation(drops))
