"""The correction: nothing learnt from nothing, exact by hand, and every plan without itself."""

import numpy as np
import pytest

from prunescope.planning.prediction.correction import (
    ALL,
    LOG_ODDS,
    NATS,
    PER,
    SHARE,
    SIZE,
    Correction,
    Link,
    Unit,
)

MADE = np.random.default_rng(4)


def plans(count: int) -> tuple[np.ndarray, list[dict[str, float]]]:
    """Changes from a third of a point to about thirty, and shares of three layers."""
    return np.exp(MADE.uniform(-3.5, 1.0, count)), [
        dict(zip("abc", MADE.dirichlet([1.0, 1.0, 1.0]), strict=True)) for _ in range(count)
    ]


def learnt(
    expected: np.ndarray, real: np.ndarray, shares: list[dict[str, float]], samples: int = PER
) -> Correction:
    return Correction.of(expected, real, shares, LOG_ODDS, samples)


def test_change_and_drop_are_inverse() -> None:
    link = Link(0.9)
    drops = np.array([-0.05, 0.0, 0.01, 0.3, 0.8])
    np.testing.assert_allclose(link.drop(link.change(drops)), drops, atol=1e-9)
    assert link.change(np.array(0.0)) == 0
    assert link.change(np.array(0.4)) == pytest.approx(np.log(9) - np.log(1))  # to one half


def test_a_metric_that_is_no_fraction_is_left_in_its_own_scale() -> None:
    np.testing.assert_allclose(Link(17.0, odds=False).change(np.array([3.0])), [3.0])
    np.testing.assert_allclose(Link(17.0, odds=False).drop(np.array([3.0])), [3.0])


@pytest.mark.parametrize("unit", [LOG_ODDS, NATS])
def test_perfect_predictions_need_no_correction(unit: Unit) -> None:
    expected, shares = plans(12)
    found = Correction.of(expected, expected, shares, unit, PER)
    np.testing.assert_allclose(found.left_out, expected)
    for change in (-0.1, 0.0, 0.2, 3.0):
        assert found(change, {"a": 1.0})[0] == pytest.approx(change)


def test_one_plan_by_hand() -> None:
    """A plan of layers that were not measured together learns what is off everywhere."""
    size = 30 * LOG_ODDS.least
    level = np.log(33 / 30)
    found = learnt(np.array([size]), np.array([1.5 * size]), [{"a": 0.6, "b": 0.4}])
    noise = LOG_ODDS.floor**2 + LOG_ODDS.shot**2 * size + (LOG_ODDS.spread * size) ** 2
    common = size**2 * (ALL**2 + SIZE**2 * level**2)
    known = common + size**2 * SHARE**2 * (0.36 + 0.16) + noise
    mean, deviation = found(size, {"c": 1.0})
    assert mean == pytest.approx(size + common / known * 0.5 * size)
    left = common + size**2 * SHARE**2 + noise - common**2 / known
    assert deviation == pytest.approx(np.sqrt(left))
    assert found.left_out[0] == size  # the plan itself is not known


def test_every_plan_is_corrected_as_if_it_had_not_been_measured() -> None:
    expected, shares = plans(9)
    real = expected * MADE.uniform(0.5, 2.0, 9)
    every = learnt(expected, real, shares)
    for place in range(9):
        others = [k for k in range(9) if k != place]
        without = learnt(expected[others], real[others], [shares[k] for k in others])
        alone = without(float(expected[place]), shares[place])[0]
        assert every.left_out[place] == pytest.approx(alone)


def test_the_order_of_plans_does_not_matter() -> None:
    expected, shares = plans(6)
    real = 1.3 * expected
    one = learnt(expected, real, shares)(0.4, {"b": 1.0})
    other = learnt(expected[::-1], real[::-1], shares[::-1])(0.4, {"b": 1.0})
    assert one == pytest.approx(other)


def test_it_learns_what_is_off_and_where() -> None:
    expected, shares = plans(200)
    always = learnt(expected, 1.5 * expected, shares)
    assert always(0.3, shares[0])[0] == pytest.approx(0.45, rel=0.05)

    growing = learnt(expected, expected * (1 + 0.3 * np.log(expected / 0.3)), shares)
    assert growing(1.0, shares[0])[0] == pytest.approx(1 + 0.3 * np.log(1 / 0.3), rel=0.07)
    assert growing(0.1, shares[0])[0] == pytest.approx(0.1 * (1 + 0.3 * np.log(1 / 3)), rel=0.2)

    worse = np.array([1 + each["a"] for each in shares])
    layer = learnt(expected, worse * expected, shares)
    assert layer(0.3, {"a": 1.0})[0] == pytest.approx(0.6, rel=0.2)
    assert layer(0.3, {"b": 0.5, "c": 0.5})[0] == pytest.approx(0.3, rel=0.2)


def test_more_plans_and_more_samples_leave_less_doubt() -> None:
    expected, shares = plans(40)
    few, many = (learnt(expected[:k], expected[:k], shares[:k]) for k in (4, 40))
    assert many(0.3, shares[0])[1] < few(0.3, shares[0])[1]
    assert many(0.3, shares[0])[1] < many(0.3, {"never seen": 1.0})[1]
    assert learnt(expected, expected, shares, 10 * PER)(0.3, shares[0])[1] < (
        0.5 * many(0.3, shares[0])[1]
    )


def test_a_change_is_never_corrected_beyond_none() -> None:
    expected, shares = plans(30)
    found = learnt(expected, -3 * expected, shares)
    assert found.left_out.min() >= 0
    assert found(1.0, shares[0])[0] == 0
