"""Strata: drawn as allotted, and means over them are those of all samples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prunescope.finding.strata import allocation, drawn, strata
from prunescope.finding.stratified import Seen
from prunescope.study import looks

SAMPLES = 1500


def made(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Margins, and drops that sit at the low ones, as pruning's do."""
    random = np.random.default_rng(seed)
    margins = random.exponential(2.0, SAMPLES)
    drops = (random.random(SAMPLES) < 0.5 * np.exp(-6 * margins)).astype(float)
    drops -= random.random(SAMPLES) < 0.2 * np.exp(-6 * margins)
    return margins, drops


@given(st.integers(1, 3000), st.booleans(), st.integers(0, 9))
def test_an_order_is_a_permutation_drawn_as_allotted(samples: int, cut: bool, seed: int) -> None:
    margins = np.random.default_rng(seed).random(samples) if cut else None
    groups = strata(margins, samples)
    ends = looks(samples)
    rows = allocation(groups, ends)
    assert rows.sum(1).tolist() == list(ends)
    assert (np.diff(rows, axis=0) >= 0).all()
    assert (rows[-1] == groups.sizes).all()
    order = drawn(groups, ends, seed)
    assert sorted(order) == list(range(samples))
    for end, row in zip(ends, rows, strict=True):
        assert np.bincount(groups.of[order[:end]], minlength=len(row)).tolist() == row.tolist()


def test_low_margins_come_first_and_every_stratum_from_the_first_look_on() -> None:
    margins, _ = made()
    groups = strata(margins, SAMPLES)
    first = allocation(groups, looks(SAMPLES))[0]
    assert (first > 0).all()
    shares = first / groups.sizes
    assert (np.diff(shares) <= 0).all()
    assert shares[0] > 5 * shares[-1]


def seen(margins: np.ndarray | None, drops: np.ndarray, end: int, seed: int) -> Seen:
    """The first ``end`` of an order."""
    groups = strata(margins, SAMPLES)
    rows = drawn(groups, looks(SAMPLES), seed)[:end]
    return Seen.nothing(groups).with_samples(groups.of[rows], drops[rows], drops[rows] ** 2)


def test_means_are_right_on_average_and_closer_than_without_strata() -> None:
    margins, drops = made()
    true = drops.mean()
    with_strata = np.array([seen(margins, drops, 256, seed).drop for seed in range(300)])
    without = np.array([seen(None, drops, 256, seed).drop for seed in range(300)])
    assert abs(with_strata.mean() - true) < 4 * with_strata.std() / 300**0.5
    assert with_strata.var() < 0.6 * without.var()


def test_intervals_cover_at_all_looks_together() -> None:
    margins, drops = made(3)
    true, missed = drops.mean(), 0
    for seed in range(200):
        at = [seen(margins, drops, end, seed) for end in looks(SAMPLES)]
        missed += any(abs(one.drop - true) > one.half_width() + 1e-12 for one in at)
    assert missed <= 10


def test_once_all_are_seen_the_mean_is_exact() -> None:
    margins, drops = made()
    whole = seen(margins, drops, SAMPLES, 1)
    assert whole.drop == pytest.approx(drops.mean(), abs=1e-12)
    assert whole.half_width() == 0.0
    assert whole.samples == SAMPLES
