"""Paired intervals: the mean inside, certainty never for free, coverage in simulation."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from scipy import stats

from prunescope.statistics.paired import paired_interval

pytestmark = pytest.mark.quick

DIFFERENCES = st.lists(st.sampled_from([-1.0, 0.0, 1.0]), min_size=1, max_size=200)


@given(DIFFERENCES)
def test_mean_lies_between_its_ends(differences):
    d = np.array(differences)
    interval = paired_interval(len(d), d.sum(), (d**2).sum())
    assert -1 <= interval.low <= interval.mean <= interval.high <= 1
    assert interval.mean == pytest.approx(d.mean())
    assert interval.half_width > 0


@given(st.lists(st.floats(-50, 50), min_size=2, max_size=50))
def test_a_metric_of_another_scale_keeps_the_law(differences):
    """Any function may be the metric, so differences need not lie in [-1, 1]."""
    d = np.array(differences)
    interval = paired_interval(len(d), d.sum(), (d**2).sum())
    assert interval.low <= interval.mean <= interval.high


def test_more_samples_narrow_the_interval():
    assert paired_interval(4000, 40, 80).half_width < paired_interval(400, 4, 8).half_width


def test_no_disagreement_is_no_certainty():
    assert paired_interval(300, 0, 0).half_width > 0.003


def test_no_samples_know_nothing():
    interval = paired_interval(0, 0, 0)
    assert (interval.low, interval.high) == (-1, 1)


def test_it_tends_to_the_plain_paired_t_interval():
    random = np.random.default_rng(0)
    d = random.choice([-1.0, 0.0, 1.0], 5000, p=[0.05, 0.8, 0.15])
    interval = paired_interval(len(d), d.sum(), (d**2).sum())
    low, high = stats.t.interval(0.95, len(d) - 1, d.mean(), stats.sem(d))
    assert interval.low == pytest.approx(low, abs=1e-3)
    assert interval.high == pytest.approx(high, abs=1e-3)


@pytest.mark.parametrize("worse", [0.01, 0.1])
def test_intervals_cover_the_truth_about_as_often_as_they_say(worse):
    random = np.random.default_rng(1)
    better, covered = 0.02, 0
    for _ in range(1000):
        d = random.choice([1.0, 0.0, -1.0], 300, p=[worse, 1 - worse - better, better])
        interval = paired_interval(len(d), d.sum(), (d**2).sum())
        covered += interval.low <= worse - better <= interval.high
    assert covered / 1000 > 0.93
