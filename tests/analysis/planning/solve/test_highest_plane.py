"""The highest point below planes equals a general solver's, degenerate cases included."""

import numpy as np
import pytest
from scipy.optimize import linprog

from prunescope.planning.solve.highest_plane import LARGEST, highest_plane


def general(heights: np.ndarray, slopes: np.ndarray) -> float:
    """The same by HiGHS."""
    found = linprog(
        [-1.0] + [0.0] * slopes.shape[1],
        A_ub=np.concatenate([np.ones((len(heights), 1)), -slopes], axis=1), b_ub=heights,
        bounds=[(None, None)] + [(0, LARGEST)] * slopes.shape[1], method="highs",
    )  # fmt: skip
    return -float(found.fun)


@pytest.mark.parametrize("targets", [1, 2, 3, 5])
def test_it_is_what_a_general_solver_finds(targets: int) -> None:
    made = np.random.default_rng(targets)
    for place in range(60):
        heights = made.random(int(made.integers(2, 120)))
        slopes = made.normal(made.uniform(-0.5, 0.5), 1.0, (len(heights), targets))
        slopes[-1] = -1.0  # bounded from above
        if place % 3 == 0:  # ties and repeated planes, as minima of nearby multipliers are
            heights, slopes = heights.round(1), slopes.round(0)
            heights, slopes = np.tile(heights, 2), np.tile(slopes, (2, 1))
        found = highest_plane(heights, slopes)
        assert found is not None
        height, multipliers = found
        assert height == pytest.approx(general(heights, slopes), abs=1e-6)
        assert (multipliers >= 0).all()
        assert (heights + slopes @ multipliers).min() == pytest.approx(height, abs=1e-6)


def test_where_no_budget_binds_the_multipliers_are_nothing() -> None:
    found = highest_plane(np.array([0.2, 0.5]), np.array([[-1.0, -2.0], [-3.0, -1.0]]))
    assert found is not None
    assert (found[0], found[1].tolist()) == (pytest.approx(0.2), [0, 0])
