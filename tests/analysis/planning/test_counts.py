"""Counts are exact, monotone and within bounds."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.errors import BadValue
from analysis.planning.counts import removed_count

SPARSITIES = st.integers(0, 10_000).map(lambda parts: parts / 10_000)


@given(st.integers(0, 10**12))
def test_the_ends_are_exact(total: int) -> None:
    assert removed_count(total, 0) == 0
    assert removed_count(total, 1) == total


@given(st.integers(0, 10**12), SPARSITIES)
def test_it_is_the_nearest_whole_number_with_halves_up(total: int, fraction: float) -> None:
    exact = total * Fraction(round(fraction * 10_000), 10_000)
    distance = removed_count(total, fraction) - exact
    assert Fraction(-1, 2) < distance <= Fraction(1, 2)


@given(st.integers(0, 10**9), SPARSITIES, SPARSITIES)
def test_more_sparsity_never_removes_less(total: int, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert removed_count(total, low) <= removed_count(total, high) <= total


def test_a_product_that_floats_get_wrong_is_right() -> None:
    assert removed_count(25, 0.58) == 15  # 14.5 exactly, though 25 * 0.58 is 14.499999999999998


def test_percent_is_refused() -> None:
    with pytest.raises(BadValue, match="fraction"):
        removed_count(10, 50)
