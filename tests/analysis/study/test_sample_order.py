"""The study's order of samples, and where chunks end."""

import itertools

import numpy as np
import pytest

from prunescope.study import doubling, sample_order

pytestmark = pytest.mark.quick


def test_the_order_is_a_permutation_that_belongs_to_the_study() -> None:
    order = sample_order("a", 1000)
    np.testing.assert_array_equal(np.sort(order), np.arange(1000))
    np.testing.assert_array_equal(order, sample_order("a", 1000))
    assert (order != sample_order("b", 1000)).any()
    assert abs(np.corrcoef(order, np.arange(1000))[0, 1]) < 0.1


@pytest.mark.parametrize("population", [1, 63, 64, 65, 95, 97, 1000, 6000, 10_000])
def test_chunks_double_and_end_with_the_population(population: int) -> None:
    ends = doubling(population)
    assert ends[-1] == population
    assert list(ends) == sorted(set(ends))
    assert ends[0] <= 96
    for end, following in itertools.pairwise(ends):
        assert following <= 2.5 * end
