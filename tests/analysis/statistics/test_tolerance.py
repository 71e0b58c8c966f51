"""Tolerance limits: the rank by hand, coverage by simulation, and a twin that misses."""

import numpy as np
import pytest
from scipy import stats

from prunescope.statistics.tolerance import COVERAGE, limit

pytestmark = pytest.mark.quick


def test_the_rank_by_hand() -> None:
    """0.9^22 < 0.1: of 22 errors the largest is sure enough, of 21 it is not."""
    errors = [0.01 * k for k in range(1, 23)]
    assert limit(errors) == pytest.approx(0.22)
    even = [0.3] * 21
    wanted = 0.3 * stats.norm.ppf(0.95) * np.sqrt(21 / stats.chi2.ppf(0.1, 21))
    assert limit(even) == pytest.approx(wanted)
    assert limit([*even[:-1], 5.0]) == pytest.approx(5)


def test_no_error_gives_no_limit() -> None:
    assert limit([]) is None


def test_few_errors_are_trusted_little() -> None:
    limits = [limit([0.2] * k) for k in range(1, 22)]
    assert limits == sorted(limits, reverse=True)  # type: ignore[type-var]
    assert limits[0] == pytest.approx(0.2 * 1.645 / 0.1257, rel=1e-3)  # z / √χ²


def coverages(count: int, narrow: float = 1.0) -> np.ndarray:
    """How often further errors lie within the limit, study by study."""
    made = np.random.default_rng(0)
    found = []
    for _ in range(300):
        errors = np.abs(0.3 * made.normal(size=count + 200))
        found.append(np.mean(errors[count:] <= narrow * float(limit(errors[:count].tolist()) or 0)))
    return np.array(found)


@pytest.mark.parametrize("plans", [4, 9, 16, 40])
def test_nine_studies_of_ten_cover_nine_plans_of_ten(plans: int) -> None:
    found = coverages(plans)
    assert np.mean(found >= COVERAGE - 0.02) > 0.87  # 200 plans tell coverage to two points
    assert np.mean(found) > COVERAGE


def test_intervals_of_half_the_width_would_be_noticed() -> None:
    assert np.mean(coverages(16, narrow=0.5)) < COVERAGE - 0.1
