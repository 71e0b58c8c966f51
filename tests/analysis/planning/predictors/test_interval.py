"""Conformal intervals: the rank by hand, coverage by simulation, and a twin that misses."""

import numpy as np
import pytest

from analysis.planning.predictors.interval import COVERAGE, SLACK, half_width, normaliser


def test_the_rank_by_hand() -> None:
    """Of sixteen errors the 16th smallest: ceil(17 · 0.9)."""
    errors = [0.01 * k for k in range(1, 17)]
    assert half_width(errors, 0.1) == pytest.approx(0.16 * (0.1 + SLACK))
    errors = [0.01 * k for k in range(1, 20)]  # ceil(20 · 0.9) = 18
    assert half_width(errors, 0.1) == pytest.approx(0.18 * (0.1 + SLACK))


def test_no_verified_plan_gives_no_interval() -> None:
    assert half_width([], 0.1) is None


def test_few_plans_are_trusted_little() -> None:
    """One error e: Student's 95 % quantile with one degree of freedom is tan(0.45 π)."""
    assert half_width([0.2], 0.0) == pytest.approx(np.tan(0.45 * np.pi) * 0.2 * SLACK)
    widths = [half_width([0.2] * k, 0.05) for k in range(1, 9)]
    assert widths == sorted(widths, reverse=True)  # type: ignore[type-var]


def test_an_improvement_counts_as_no_drop() -> None:
    assert normaliser(-0.02) == normaliser(0.0) == SLACK


def coverage(plans: int, narrow: float = 1.0) -> float:
    """How often a new plan lies within, errors heavy-tailed and growing with the drop."""
    made = np.random.default_rng(0)
    inside = []
    for _ in range(3000):
        drops = made.uniform(0, 0.1, plans + 1)
        errors = 0.3 * made.standard_t(4, plans + 1) * (drops + SLACK)
        scores = [abs(e) / normaliser(d) for e, d in zip(errors[:-1], drops, strict=False)]
        width = half_width(scores, drops[-1])
        assert width is not None
        inside.append(abs(errors[-1]) <= narrow * width)
    return float(np.mean(inside))


@pytest.mark.parametrize("plans", [4, 9, 16, 40])
def test_nine_plans_of_ten_lie_within(plans: int) -> None:
    slack = 0.015 if plans >= 9 else 0.03  # fewer plans count as normal, which these are not
    assert COVERAGE - slack < coverage(plans) < 0.97


def test_intervals_of_half_the_width_would_be_noticed() -> None:
    assert coverage(16, narrow=0.5) < COVERAGE - 0.1
