"""Costs at equal drop: a power law is read off exactly, and who needs half is told so."""

import numpy as np
import pytest

from benchmarks._equal_drop import EQUAL, Line, compared

IMAGES = 1000


def line(costs: list[float], drops: list[float]) -> Line:
    """A rule whose plans lose just ``drops``: so many of the images each."""
    rows = [np.arange(IMAGES) < round(drop * IMAGES) for drop in drops]
    return Line(np.array(costs), np.array(rows, np.int8))


def uniform() -> np.ndarray:
    return np.full((1, IMAGES), 1 / IMAGES)


def test_a_power_law_is_read_off_exactly_between_its_plans_and_never_past_them() -> None:
    drops = [0.005, 0.016, 0.03]
    given = line([drop**-0.5 / 100 for drop in drops], drops)
    (found,) = given.at_equal(uniform())
    assert found[:2] == pytest.approx([drop**-0.5 / 100 for drop in EQUAL[:2]])
    assert np.isnan(found[2])  # no plan of it loses 4 points
    turned = Line(given.costs[::-1], given.drops[::-1])
    assert turned.at_equal(uniform()) == pytest.approx(given.at_equal(uniform()), nan_ok=True)


def test_a_rule_that_needs_twice_as_much_is_told_with_its_interval() -> None:
    drops = [0.008, 0.02, 0.05]
    lines = {"solved": line([0.4, 0.3, 0.2], drops), "rule": line([0.8, 0.6, 0.4], drops)}
    own, other = compared(lines, "solved")
    assert own["solved needs"] == "–"
    assert other["solved needs"].startswith("0.50 × (")
    low, high = (float(word) for word in other["solved needs"][8:-1].split(" to "))
    assert low <= 0.5 <= high
    assert own["at 2 pt"] == "30.0 %"
    assert other["at 2 pt"] == "60.0 %"
