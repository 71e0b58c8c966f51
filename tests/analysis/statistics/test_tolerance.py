"""Conformal intervals: the rank by hand, coverage by simulation, and a twin that misses."""

import numpy as np
import pytest
from scipy import stats

from prunescope.statistics.tolerance import COVERAGE, SLACK, half_width, normaliser

pytestmark = pytest.mark.quick


def test_the_rank_by_hand() -> None:
    """0.9^22 < 0.1: of 22 errors the largest is sure enough, of 21 it is not."""
    errors = [0.01 * k for k in range(1, 23)]
    assert half_width(errors, 0.1) == pytest.approx(0.22 * (0.1 + SLACK))
    even = [0.3] * 21
    wanted = 0.3 * stats.norm.ppf(0.95) * np.sqrt(21 / stats.chi2.ppf(0.1, 21))
    assert half_width(even, 0.1) == pytest.approx(wanted * (0.1 + SLACK))
    assert half_width([*even[:-1], 5.0], 0.1) == pytest.approx(5 * (0.1 + SLACK))


def test_no_verified_plan_gives_no_interval() -> None:
    assert half_width([], 0.1) is None


def test_plans_that_were_predicted_exactly_are_luck_where_predictions_are_not_exact() -> None:
    assert half_width([0.0] * 21, 0.1) == half_width([0.0] * 22, 0.1) == 0
    assert half_width([0.0] * 21, 0.1, 0.004) == pytest.approx(0.004 * stats.norm.ppf(0.95))
    assert half_width([0.2] * 30, 0.1, 0.004) == half_width([0.2] * 30, 0.1)  # wide as it is


def test_few_plans_are_trusted_little() -> None:
    widths = [half_width([0.2] * k, 0.05) for k in range(1, 22)]
    assert widths == sorted(widths, reverse=True)  # type: ignore[type-var]
    assert widths[0] == pytest.approx(0.06 * 0.2 * 1.645 / 0.1257, rel=1e-3)  # z / √χ²


def test_an_improvement_counts_as_no_drop() -> None:
    assert normaliser(-0.02) == normaliser(0.0) == SLACK


def coverages(plans: int, narrow: float = 1.0) -> np.ndarray:
    """How often new plans lie within, study by study, errors growing with the drop."""
    made = np.random.default_rng(0)
    found = []
    for _ in range(300):
        drops = made.uniform(0, 0.1, plans + 200)
        errors = 0.3 * made.normal(size=plans + 200) * (drops + SLACK)
        scores = [abs(e) / normaliser(d) for e, d in zip(errors[:plans], drops, strict=False)]
        widths = np.array([half_width(scores, drop) for drop in drops[plans:]], float)
        found.append(np.mean(np.abs(errors[plans:]) <= narrow * widths))
    return np.array(found)


@pytest.mark.parametrize("plans", [4, 9, 16, 40])
def test_nine_studies_of_ten_cover_nine_plans_of_ten(plans: int) -> None:
    found = coverages(plans)
    assert np.mean(found >= COVERAGE - 0.02) > 0.87  # 200 plans tell coverage to two points
    assert np.mean(found) > COVERAGE


def test_intervals_of_half_the_width_would_be_noticed() -> None:
    assert np.mean(coverages(16, narrow=0.5)) < COVERAGE - 0.1
