"""The interval before a plan is verified: by hand, coverage by simulation, and a twin."""

import numpy as np
import pytest
from scipy import stats

from prunescope.planning.prediction.prior_interval import (
    COVERAGE,
    MOST,
    SPREAD,
    WORTH,
    ErrorScale,
    quantile,
)

pytestmark = pytest.mark.quick
SCALE = ErrorScale(400)


def test_a_prediction_by_hand() -> None:
    """400 samples, of which 36 change their class: noise of (7.6 + 104 · .3) / 20 = 1.94 points."""
    size = SCALE.normaliser(0.035, 0.09)
    assert size == pytest.approx(0.0544)
    alone = stats.t.ppf(0.95, WORTH) * SPREAD * size
    assert SCALE.half_width([], 0.035, 0.09) == pytest.approx(alone)
    mean = np.sqrt((WORTH * SPREAD**2 + 0.1**2 + 0.2**2) / (WORTH + 2))
    wanted = stats.t.ppf(0.95, WORTH + 2) * mean * size
    assert SCALE.half_width([0.1, 0.2], 0.035, 0.09) == pytest.approx(wanted)


def test_of_the_same_drop_more_changed_classes_are_more_noise_the_fewer_samples_there_are() -> None:
    few, many = (
        [ErrorScale(n).normaliser(0.01, share) - 0.01 for share in (0.01, 0.25)] for n in (40, 4000)
    )
    assert few[1] > 1.5 * few[0]
    assert few[1] == pytest.approx(10 * many[1])


def test_samples_beyond_those_of_the_fit_do_not_count() -> None:
    largest = ErrorScale(MOST).normaliser(0.01, 0.1)
    assert ErrorScale(10 * MOST).normaliser(0.01, 0.1) == largest
    assert ErrorScale(MOST // 2).normaliser(0.01, 0.1) > largest


def test_a_drop_changes_at_least_as_many_classes_as_it_is_large() -> None:
    """So where the share is not known, and where logits say less than the drop does."""
    least = SCALE.normaliser(0.09, 0.09)
    assert SCALE.normaliser(0.09) == SCALE.normaliser(0.09, 0.0) == least
    assert SCALE.normaliser(0.09, 0.2) > least


def test_it_has_a_width_where_nothing_is_lost_and_more_with_fewer_samples() -> None:
    few, many = (ErrorScale(n).half_width([0.0] * 50, 0.0) for n in (64, 6000))
    assert few is not None
    assert many is not None
    assert few > 3 * many > 0


def test_an_improvement_counts_as_no_drop_but_changes_classes() -> None:
    assert SCALE.normaliser(-0.02, 0.1) == SCALE.normaliser(0.0, 0.1)
    assert SCALE.normaliser(-0.02) == SCALE.normaliser(0.0, 0.02)


def test_of_an_unfamiliar_score_nothing_is_known_before_three_plans_are_verified() -> None:
    own = ErrorScale(400, unit=2.0, familiar=False)
    assert own.half_width([], 0.03) is None
    size = 0.076 / 20 * 2
    for few in ([0.2], [0.2, 0.2]):  # six times the error, and nine of the drop: no interval
        assert own.half_width(few, 0.03) is None
    three = [0.2, 0.2, 0.2]
    assert own.half_width(three, 0.0) == pytest.approx(stats.t.ppf(0.95, 3) * 0.2 * size)
    assert own.half_width(three, 0.0, 0.5) == own.half_width(three, 0.0)  # classes mean nothing


def coverage(plans: int, narrow: float = 1.0) -> float:
    """How many new plans lie within; networks differ in how exactly they are predicted."""
    made = np.random.default_rng(0)
    inside = []
    for _ in range(400):
        spread = SPREAD * np.sqrt(WORTH / made.chisquare(WORTH))
        drops = made.uniform(0, 0.1, plans + 20)
        errors = [spread * made.normal() * SCALE.normaliser(drop) for drop in drops]
        scores = [
            abs(error) / SCALE.normaliser(drop)
            for error, drop in zip(errors[:plans], drops[:plans], strict=True)
        ]
        inside += [
            abs(error) <= narrow * (SCALE.half_width(scores, drop) or 0)
            for error, drop in zip(errors[plans:], drops[plans:], strict=True)
        ]
    return float(np.mean(inside))


@pytest.mark.parametrize("plans", [0, 1, 9])
def test_nine_plans_of_ten_are_covered_before_and_after_plans_are_verified(plans: int) -> None:
    assert coverage(plans) == pytest.approx(COVERAGE, abs=0.02)


def test_intervals_of_half_the_width_would_be_noticed() -> None:
    assert coverage(9, narrow=0.5) < COVERAGE - 0.1


def test_more_plans_of_the_same_errors_make_it_narrower() -> None:
    assert quantile(WORTH) > quantile(WORTH + 9) > stats.norm.ppf(0.95)
