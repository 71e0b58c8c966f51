"""Where a search goes on: at open answers, nearest first, as far as the purse goes."""

from collections.abc import Sequence

import numpy as np
import pytest

from prunescope.finding.purse import OF_UNITS, OF_WEIGHTS, PASSES, Purse
from prunescope.finding.search import Place, Search
from prunescope.finding.strata import Strata
from prunescope.finding.stratified import Seen

POPULATION, LIMIT = 1000, 0.1
GRID = [0.1, 0.3, 0.5, 0.7, 0.9]
TWO_OPEN = ([0.0, 0.0, 0.095, 0.4, 0.8], [0.0, 0.0, 0.08, 0.5, 0.9])
DROPS = ([0.0, 0.0, 0.095, 0.4, 0.8], [0.0, 0.0, 0.0, 0.5, 0.9])
"""One curve comes near the limit at a half, the other steps over it."""
CUT = Strata(np.zeros(POPULATION, int), np.array([POPULATION]))


class Measured:
    """Points whose samples lose a fixed share; notes what was asked."""

    def __init__(self, search: Search, drops: Sequence[Sequence[float]]) -> None:
        self.search, self.drops, self.asked = search, drops, list[tuple[Place, int]]()

    def __call__(self, places: Sequence[Place], end: int) -> None:
        for curve, place in places:
            seen = self.search.seen.get((curve, place)) or Seen.nothing(CUT)
            more = end - seen.samples
            lost = (np.arange(more) < round(self.drops[curve][place] * more)).astype(float)
            self.search.seen[curve, place] = seen.with_samples(np.zeros(more, int), lost, 2 * lost)
            self.asked.append(((curve, place), end))


def searched(
    behind: float, spent: float = 1.0, drops: Sequence[Sequence[float]] = DROPS
) -> tuple[Search, Measured]:
    purse = Purse([behind, behind], [5, 5], [False, False], POPULATION, spent)
    search = Search([GRID, GRID], LIMIT, purse=purse)
    measured = Measured(search, drops)
    search.estimate([100], measured)
    measured.asked.clear()
    return search, measured


def test_only_open_answers_are_looked_at_further() -> None:
    search, measured = searched(0.1)
    search.settle([200, 500], measured)
    assert {place for place, _ in measured.asked} == {(0, 2)}  # .095 beside a limit of .1
    assert search.answers() == [2, 2]
    assert measured.asked[-1] == ((0, 2), 500)


def test_what_is_paid_is_what_was_walked_and_what_lay_behind() -> None:
    search, measured = searched(0.1)
    assert search.purse is not None
    before = search.purse.spent
    search.settle([200], measured)
    assert search.purse.spent - before == pytest.approx((100 + 0.1 * 100) / POPULATION)


def test_an_empty_purse_pays_nothing() -> None:
    search, measured = searched(0.1, spent=PASSES)
    search.settle([200, 500], measured)
    assert measured.asked == []
    search.purse = None
    search.settle([200, 500], measured)
    assert measured.asked == []


def test_a_purse_holds_a_share_of_the_grid_and_some_passes_at_least() -> None:
    assert Purse([0.5] * 4, [19] * 4, [False] * 4, 1000).most == PASSES
    half = [True] * 20 + [False] * 20
    both = Purse([0.5] * 40, [19] * 40, half, 1000)
    assert both.most == pytest.approx(190 * (OF_UNITS + OF_WEIGHTS))


def test_the_nearest_to_the_limit_come_first() -> None:
    for drops, nearest in ((TWO_OPEN, (0, 2)), (TWO_OPEN[::-1], (1, 2))):
        search, measured = searched(0.9, drops=drops)
        assert search.purse is not None
        search.purse.spent = search.purse.most - 0.2  # one point from 100 to 200 samples, not two
        search.settle([200], measured)
        assert [place for place, _ in measured.asked] == [nearest]
        search, measured = searched(0.9, drops=drops)
        search.settle([200], measured)
        assert {place for place, _ in measured.asked} == {(0, 2), (1, 2)}
