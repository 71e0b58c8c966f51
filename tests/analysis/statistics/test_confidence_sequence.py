"""Confidence sequences cover at all looks together, and collapse when all is seen."""

import numpy as np
import pytest

from prunescope.statistics.confidence_sequence import drop_half_widths, mean_half_widths, quantiles
from prunescope.study.sample_order import looks

pytestmark = pytest.mark.quick

REPEATS = 4000
WORLDS = [  # samples, worse, better
    (200, 1, 0), (300, 20, 0), (300, 150, 6), (1000, 0, 0), (1000, 5, 1), (1000, 10, 10),
    (1000, 30, 10), (1000, 500, 20), (1000, 995, 0), (6000, 2, 0), (6000, 20, 0), (6000, 60, 60),
    (6000, 180, 60), (6000, 600, 120), (6000, 3000, 120), (6000, 5400, 0), (50_000, 1500, 500),
    (300, 31, 0), (1000, 31, 0), (1000, 101, 0), (6000, 61, 0), (50_000, 51, 0), (50_000, 151, 0),
    (50_000, 501, 0), (50_000, 1501, 0), (50_000, 5001, 0),
]  # fmt: skip


def walks(population: int, worse: int, better: int, seed: int = 0):
    """Looks at ``REPEATS`` random orders: samples, sums, squares."""
    rng = np.random.default_rng(seed)
    b, c = np.zeros(REPEATS, int), np.zeros(REPEATS, int)
    seen = 0
    for end in looks(population):
        drawn, left = end - seen, population - seen
        more = rng.hypergeometric(worse - b, left - (worse - b), drawn)
        rest = left - (worse - b)
        lifted = rng.hypergeometric(better - c, rest - (better - c), drawn - more)
        b, c, seen = b + more, c + lifted, end
        yield end, b - c, b + c


def missed(population: int, worse: int, better: int, half_widths) -> float:
    """How often any look's interval leaves out the truth."""
    ever = np.zeros(REPEATS, bool)
    for end, sums, squares in walks(population, worse, better):
        half = half_widths(end, population, sums, squares)
        ever |= np.abs(sums / end - (worse - better) / population) > half + 1e-12
    return float(ever.mean())


@pytest.mark.parametrize(("population", "worse", "better"), WORLDS)
def test_the_drop_is_covered_at_all_looks_together(population, worse, better):
    assert missed(population, worse, better, drop_half_widths) <= 0.05


def test_a_fixed_time_interval_peeked_at_fails_the_same_check():
    def fixed(n, size, sums, squares):
        variance = np.maximum(squares / n - (sums / n) ** 2, 0)
        return 1.96 * np.sqrt(variance * (1 - n / size) / n)

    rates = [missed(*world, fixed) for world in WORLDS if world[0] >= 1000 and world[1] > 1]
    assert min(rates) > 0.05
    assert np.mean(rates) > 0.15


def test_all_of_a_family_are_covered_together():
    family = 50
    rates = [
        missed(*world, lambda *look: drop_half_widths(*look, family=family)) for world in WORLDS
    ]
    assert np.mean(rates) <= 0.05 / family * 1.5


def test_a_smooth_mean_is_covered():
    rng = np.random.default_rng(1)
    values = rng.gamma(0.5, 0.2, 6000)  # as skewed as real cross-entropy changes
    ever = np.zeros(1500, bool)
    for trial in range(1500):
        order = rng.permutation(values)
        ends = np.array(looks(6000))
        sums, squares = order.cumsum()[ends - 1], (order**2).cumsum()[ends - 1]
        half = mean_half_widths(ends, 6000, sums, squares)
        ever[trial] = (np.abs(sums / ends - values.mean()) > half + 1e-9).any()
    assert ever.mean() <= 0.05


def test_all_samples_leave_no_width_and_none_says_nothing():
    assert drop_half_widths([6000, 0], 6000, [120, 0], [150, 0]).tolist() == [0, 1]
    assert mean_half_widths([6000], 6000, 5.0, 3.0).tolist() == [0]
    assert np.isnan(mean_half_widths([1, 64], 6000, [1.0, np.nan], [1.0, np.nan])).all()


def test_more_samples_narrow_and_more_disagreement_widens():
    ends = np.array(looks(6000))
    half = drop_half_widths(ends, 6000, 0.03 * ends, 0.05 * ends)
    assert (np.diff(half) < 0).all()
    assert (half < drop_half_widths(ends, 6000, 0.03 * ends, 0.3 * ends))[:-1].all()
    assert (half <= drop_half_widths(ends, 6000, 0.03 * ends, 0.05 * ends, family=9)).all()


def test_between_looks_an_interval_is_wider_than_at_them():
    assert quantiles(100, 6000) > quantiles(128, 6000)


def test_scores_of_another_scale_are_not_clipped():
    scale = 100.0
    small = drop_half_widths(512, 6000, 10.0, 30.0)
    large = drop_half_widths(512, 6000, scale * 300, scale**2 * 5120)
    assert small < 1 < large


def test_what_is_not_seen_bounds_the_width():
    assert drop_half_widths(299, 300, 0, 0) <= 1 / 300 + 1e-12


@pytest.mark.parametrize(("rare", "size"), [(0.01, 100.0), (0.003, 50.0)])
def test_rare_large_changes_are_covered_where_the_scale_is_known(rare, size):
    """Before a changed sample shows, only what is known beforehand tells its size."""
    values = np.zeros(10_000)
    values[: int(rare * len(values))] = size
    rng = np.random.default_rng(2)
    ends = np.array(looks(len(values)))
    wrong = {1.0: 0, size: 0}
    for _ in range(400):
        order = rng.permutation(values)
        sums, squares = order.cumsum()[ends - 1], (order**2).cumsum()[ends - 1]
        for scale in wrong:
            half = drop_half_widths(ends, len(values), sums, squares, scale=scale)
            wrong[scale] += bool((np.abs(sums / ends - values.mean()) > half + 1e-9).any())
    assert wrong[size] <= 0.05 * 400 < wrong[1.0]
