"""The boundary errs as often as it says, and less is needed than by Bonferroni."""

import numpy as np
import pytest

from prunescope.statistics.boundary_crossing import boundary, crossing
from prunescope.statistics.paired import normal_quantile
from prunescope.study import looks

pytestmark = pytest.mark.quick


@pytest.mark.parametrize("population", [100, 300, 1000, 6000, 50_000])
@pytest.mark.parametrize("error", [0.05, 0.05 / 200])
def test_every_look_before_the_last_has_a_width(population, error):
    found = boundary(population, error)
    ends = [end for end in looks(population) if end < population]
    assert list(found) == ends
    widths = np.array(list(found.values()))
    assert (np.diff(widths) < 0).all()
    assert widths[-1] >= -normal_quantile(error / 2) - 1e-9
    if len(ends) > 2:
        assert widths[-1] < -normal_quantile(error / len(ends) / 2)  # Bonferroni's


def test_a_population_of_one_chunk_has_no_look_before_the_last():
    assert boundary(64, 0.05) == {}


def test_the_crossing_is_that_of_simulated_walks():
    times = np.array([1.0, 2.0, 2.5, 4.0, 9.0])
    widths = np.array([2.2, 2.1, 2.0, 1.9, 1.8])
    rng = np.random.default_rng(0)
    steps = rng.normal(size=(200_000, 5)) * np.sqrt(np.diff(times, prepend=0.0))
    left = (np.abs(steps.cumsum(1)) > widths * np.sqrt(times)).any(1)
    assert crossing(widths, times) == pytest.approx(left.mean(), abs=0.003)


def test_the_sequence_errs_as_often_as_it_may():
    ends = np.array(list(boundary(6000, 0.05)))
    widths = np.array(list(boundary(6000, 0.05).values()))
    assert crossing(widths, 1 / (1 / ends - 1 / 6000)) == pytest.approx(0.05, abs=1e-3)
    one = np.array([1.96])
    assert crossing(one, np.array([3.0])) == pytest.approx(0.05, abs=1e-4)
