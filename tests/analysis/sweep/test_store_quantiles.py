"""Stored quantiles are the weights' own, and LAMP scores are its paper's."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from prunescope.sweep.store_quantiles import lamp


@given(st.lists(st.floats(0.01, 10), min_size=1, max_size=30))
def test_lamp_scores_are_the_definition(values: list[float]) -> None:
    squares = sorted(value * value for value in values)
    expected = [square / sum(squares[place:]) for place, square in enumerate(squares)]
    np.testing.assert_allclose(lamp(np.array(values)), expected, rtol=1e-9)
    assert lamp(np.array(values))[-1] == 1  # the largest weight of a layer always stays


def test_a_layer_of_zeros_has_scores_of_zero() -> None:
    assert lamp(np.zeros(3)).tolist() == [0, 0, 0]
