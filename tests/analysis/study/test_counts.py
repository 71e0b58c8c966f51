"""Counts are exact, monotone and within bounds."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prunescope.errors import BadValue
from prunescope.study.removed_counts import (
    removed_count,
    removed_units,
    smallest_sparsity,
    unit_sparsities,
)

pytestmark = pytest.mark.quick

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


UNITS = st.integers(1, 5000)
MULTIPLE = st.sampled_from((1, 4, 8, 16, 32)) | st.integers(1, 100)


@given(UNITS, SPARSITIES, MULTIPLE)
def test_what_stays_is_a_multiple_or_everything(units: int, fraction: float, multiple: int) -> None:
    removed = removed_units(units, fraction, multiple)
    assert removed == 0 or (units - removed) % multiple == 0
    assert 0 <= removed <= removed_units(units, fraction) < units
    kept_less = units - removed - multiple
    assert kept_less < units - removed_units(units, fraction)  # one multiple less is too few


@given(UNITS, MULTIPLE, st.lists(SPARSITIES, max_size=5))
def test_a_point_of_a_group_stands_where_just_its_units_leave(
    units: int, multiple: int, fractions: list[float]
) -> None:
    found = unit_sparsities(units, fractions, multiple)
    counts = [removed_units(units, value) for value in found]
    assert counts == sorted({removed_units(units, f, multiple) for f in fractions} - {0})
    assert counts == [removed_units(units, value, multiple) for value in found]
    least = smallest_sparsity(units, multiple)
    assert not found or (least is not None and least <= found[0])
    if least is not None:
        assert removed_units(units, least, multiple) > 0
        assert unit_sparsities(units, (1.0,), multiple)[-1] >= least
    else:
        assert unit_sparsities(units, (0.5, 1.0), multiple) == ()
