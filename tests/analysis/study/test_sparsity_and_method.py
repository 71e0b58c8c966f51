"""Sparsities are made in one place; methods and grids are parsed with the next step in errors."""

import math

import hypothesis.strategies as st
import pytest
from hypothesis import given

from prunescope.errors import BadValue, PrunescopeError, UnknownName
from prunescope.study import Method, parse_methods, parse_sparsities, sparsity

pytestmark = pytest.mark.quick


@given(st.integers(0, 10_000))
def test_every_way_to_a_sparsity_is_one_key(parts):
    """Raw float cache keys (PaddleSlim): 0.1 * 3 and 0.3 must be one point."""
    exact = parts / 10_000
    assert sparsity(exact) == sparsity(str(exact)) == sparsity(exact + 1e-9 * (exact < 1)) == exact


def test_a_sum_of_steps_is_the_sparsity_itself():
    assert sparsity(0.1 + 0.1 + 0.1) == sparsity(0.1 * 3) == 0.3
    assert sparsity(1 - 0.9) == 0.1


def test_negative_zero_is_zero():
    assert math.copysign(1, sparsity(-0.0)) == 1


@pytest.mark.parametrize("wrong", [-0.1, 1.5, math.nan, math.inf, "", "half", None, "0.5.1"])
def test_what_is_no_sparsity_is_refused(wrong):
    with pytest.raises(BadValue, match=r"Expected sparsity to be a number from 0 to 1, but got"):
        sparsity(wrong)


@pytest.mark.parametrize(
    ("wrong", "right"), [("50%", "0.5"), (50, "0.5"), ("30", "0.3"), ("12.5 %", "0.125")]
)
def test_percent_is_named_with_its_fraction(wrong, right):
    with pytest.raises(BadValue, match=rf"Write a fraction instead of percent: {right}\."):
        sparsity(wrong)


def test_no_fraction_is_offered_that_would_be_refused_too():
    for wrong in ("200%", "x%", "-5%", "%"):
        with pytest.raises(BadValue) as caught:
            sparsity(wrong)
        offered = str(caught.value).split("percent: ")
        if len(offered) == 2:
            sparsity(offered[1].rstrip("."))


@given(st.integers(0, 50), st.integers(0, 50), st.integers(1, 20))
def test_a_range_holds_its_ends_and_steps(first, more, step):
    last = first + more
    found = parse_sparsities(f"{first / 100}:{last / 100}:{step / 100}")
    assert found == tuple(value / 100 for value in range(first, last + 1, step))


def test_the_issue_s_range():
    assert parse_sparsities("0.1:0.9:0.1") == (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def test_sparsities_come_sorted_and_once():
    assert parse_sparsities("0.9, 0.1,0.1:0.3:0.1") == (0.1, 0.2, 0.3, 0.9)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0.1:0.9", "Write first:last:step"),
        ("0.1:0.9:0", "that ascends"),
        ("0.9:0.1:0.1", "that ascends"),
        ("10:90:10", "Write a fraction instead of percent: 0.1"),
        ("", "Write a fraction, such as 0.5"),
        ("0.5,,0.7", "Write a fraction, such as 0.5"),
    ],
)
def test_bad_lists_say_what_to_write(text, message):
    with pytest.raises(BadValue, match=message):
        parse_sparsities(text)


def test_methods_keep_their_order_without_repetition():
    assert parse_methods("taylor, l1@channel,taylor,taylor@weight") == (
        Method("taylor"),
        Method("l1", "channel"),
    )


def test_no_method_at_all_is_refused():
    with pytest.raises(BadValue, match="Expected methods like magnitude,taylor"):
        parse_methods(" , ")


def test_unknown_granularity_names_the_closest():
    with pytest.raises(UnknownName, match="'chanel'.* Closest: channel"):
        Method.parse("l1@chanel")


def test_errors_are_values_of_one_tree():
    assert issubclass(UnknownName, BadValue)
    assert issubclass(BadValue, PrunescopeError)


def test_unknown_name_without_a_close_one_lists_some():
    with pytest.raises(UnknownName, match=r"Choose from: a0, a1, a10, .*, and 8 more\."):
        raise UnknownName.among("layer", "zzz", [f"a{n}" for n in range(20)])
