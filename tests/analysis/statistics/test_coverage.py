"""Confidence sequences on real outcomes: a sweep's stored answers, replayed in other orders.

What the tests of ``sequences`` simulate is drawn from rates that somebody chose. Here a trained
network was pruned, and its answers decide how rare and how clustered the differences are.
"""

import numpy as np
import pytest

from prunescope.bench.workbench import prepare
from prunescope.progress import Silent
from prunescope.replay import FrontierEngine
from prunescope.statistics.confidence_sequence import drop_half_widths, mean_half_widths
from prunescope.store.folder import StudyFolder
from prunescope.study import Grid, Method, Reference, parse_sparsities
from prunescope.study.sample_order import looks as chunk_ends
from prunescope.sweep.runner import sweep
from prunescope.sweep.work_list import points
from tests.conftest import data_source, reduced

pytestmark = pytest.mark.long
SAMPLES = 4000
ORDERS = 200
ENDS = np.array(chunk_ends(SAMPLES))


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """Of every point and sample: drop of the score and change of the cross-entropy, as stored."""
    load = data_source._sample
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data_source, "_sample", lambda name: reduced(load(name), 256, SAMPLES, 100))
        bench = prepare(Reference("sample:mlp", "sample:fashion-mnist"))
    study = StudyFolder.create(tmp_path_factory.mktemp("coverage") / "study", bench.manifest)
    grid = Grid((Method("magnitude"),), parse_sparsities("0.2:0.9:0.1,0.95"))
    sweep(bench, study, grid, Silent(), FrontierEngine(bench, lanes=1))
    keys = [point.key(study.manifest) for point in points(grid, study.manifest)]
    dense_key = (*keys[0][:2], "", "", "", 0.0, "none", 0)
    stored = study.logits.read_many([*keys, dense_key])
    targets = study.logits.targets()
    rows = np.arange(SAMPLES)
    dense = stored[dense_key].astype(float)
    right = (dense.argmax(1) == targets).astype(float)
    drops = [right - (stored[key].argmax(1) == targets) for key in keys]
    entropies = [(dense - stored[key].astype(float))[rows, targets] for key in keys]
    return np.array(drops), np.array(entropies)


def looks(values, half_widths, factor=1.0, family=1):
    """Whether all looks together cover, ``(orders, points)``, in random orders of the samples."""
    dice = np.random.default_rng(7)
    truth, found = values.mean(1), []
    for _ in range(ORDERS):
        mixed = values[:, dice.permutation(SAMPLES)]
        sums, squares = mixed.cumsum(1)[:, ENDS - 1], (mixed**2).cumsum(1)[:, ENDS - 1]
        half = half_widths(ENDS, SAMPLES, sums, squares, family=family)
        missed = np.abs(sums / ENDS - truth[:, None]) > factor * half + 1e-12
        found.append(~missed.any(1))
    return np.array(found)


def test_the_points_are_of_every_kind(answers):
    drops, _ = answers
    assert len(drops) == 27
    changed = (drops != 0).mean(1)
    assert changed.min() < 0.01
    assert changed.max() > 0.2
    assert (drops < 0).any()


def test_real_drops_are_covered_at_all_looks_together(answers):
    covered = looks(answers[0], drop_half_widths)
    assert covered.mean() >= 0.95
    assert covered.mean(0).min() >= 0.9


def test_all_real_points_are_covered_together_as_a_family(answers):
    drops, _ = answers
    covered = looks(drops, drop_half_widths, family=len(drops))
    assert covered.all(1).mean() >= 0.95


def test_real_changes_of_cross_entropy_are_covered(answers):
    assert looks(answers[1], mean_half_widths).mean() >= 0.95


def test_intervals_that_are_too_narrow_fail_the_same_check(answers):
    assert looks(answers[0], drop_half_widths, factor=0.5).mean() < 0.95
    assert looks(answers[1], mean_half_widths, factor=0.5).mean() < 0.95
