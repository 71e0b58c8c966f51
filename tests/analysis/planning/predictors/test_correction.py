"""The slope: nothing learnt from nothing, a little from one plan, nearly all from many."""

import numpy as np
import pytest

from analysis.planning.predictors.correction import SPREAD, TRUST, Link, slopes


def test_change_and_drop_are_inverse() -> None:
    link = Link(0.9)
    drops = np.array([-0.05, 0.0, 0.01, 0.3, 0.8])
    np.testing.assert_allclose(link.drop(link.change(drops)), drops, atol=1e-9)
    assert link.change(np.array(0.0)) == 0
    assert link.change(np.array(0.4)) == pytest.approx(np.log(1) - np.log(9))  # to one half


def test_a_metric_that_is_no_fraction_is_left_in_its_own_scale() -> None:
    np.testing.assert_allclose(Link(17.0, odds=False).change(np.array([3.0])), [-3.0])
    np.testing.assert_allclose(Link(17.0, odds=False).drop(np.array([-3.0])), [3.0])


def test_perfect_predictions_need_no_correction() -> None:
    expected = -np.array([[0.1], [0.5], [1.0]])
    every, without = slopes(expected, expected[:, 0])
    np.testing.assert_allclose(every, 1)
    np.testing.assert_allclose(without, 1)


def test_one_large_plan_by_hand() -> None:
    """Expected −10, real −20: weights 1/SPREAD² and 1/TRUST² (the floor hardly counts)."""
    every, without = slopes(np.array([[-10.0]]), np.array([-20.0]))
    wanted = (2 / SPREAD**2 + 1 / TRUST**2) / (1 / SPREAD**2 + 1 / TRUST**2)
    assert every[0] == pytest.approx(wanted, rel=1e-3)
    assert without[0, 0] == 1  # the plan itself is not known


def test_many_plans_outweigh_the_prior_and_none_is_corrected_by_itself() -> None:
    expected = -np.linspace(0.2, 2, 100)[:, None]
    real = 1.5 * expected[:, 0]
    real[0] = 0.0
    every, without = slopes(expected, real)
    assert every[0] == pytest.approx(1.5, abs=0.03)
    assert without[0, 0] > without[1, 0]  # without the odd one the slope is larger


def test_a_slope_is_never_negative() -> None:
    every, _ = slopes(-np.ones((20, 1)), np.full(20, 3.0))
    assert every[0] == 0
