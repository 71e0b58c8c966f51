"""Counting samples as right, wholly or by how likely they are."""

import numpy as np
import pytest
from scipy import stats

from prunescope.planning.prediction.logit_coordinates import drop_of
from tests.analysis.planning.prediction.invented_study import random_logits

DENSE, TARGETS = random_logits(3)
PRUNED = DENSE + np.random.default_rng(1).normal(size=DENSE.shape)


def test_without_doubt_right_samples_are_counted() -> None:
    right = (DENSE.argmax(axis=1) == TARGETS).mean() - (PRUNED.argmax(axis=1) == TARGETS).mean()
    assert drop_of(DENSE, PRUNED, TARGETS, "top-1") == pytest.approx(right)
    assert drop_of(DENSE, PRUNED, TARGETS, "top-1", 1e-9) == pytest.approx(right)
    assert drop_of(DENSE, DENSE, TARGETS, "top-1", 1e-9) == pytest.approx(0, abs=1e-9)


def test_a_sample_counts_with_the_probability_that_it_is_right() -> None:
    """Margins 1 and −0.5, both right before, and a doubt of a half."""
    dense, target = np.array([[3.0, 0.0, 0.0], [0.0, 3.0, 0.0]]), np.array([0, 1])
    pruned = np.array([[2.0, 1.0, -5.0], [0.5, 0.0, -5.0]])
    found = drop_of(dense, pruned, target, "top-1", 0.5)
    assert found == pytest.approx(1 - (stats.norm.cdf(2) + stats.norm.cdf(-1)) / 2)


def test_metrics_without_margins_are_counted_as_ever() -> None:
    plain = drop_of(DENSE, PRUNED, TARGETS, "top-5")
    assert drop_of(DENSE, PRUNED, TARGETS, "top-5", 0.5) == plain
    assert np.isnan(drop_of(DENSE, PRUNED, TARGETS, "m.py:closeness", 0.5))
