"""Which drops are possible, and that cutting leaves a width."""

import math
from dataclasses import replace

import pytest

from prunescope.planning.prediction.possible_drops import PossibleDrops, possible_drops
from prunescope.study import Baseline, Reference
from tests.analysis.planning.prediction.invented_study import InventedStudy, random_logits

STUDY = InventedStudy(*random_logits(0), {})
pytestmark = pytest.mark.quick


@pytest.mark.parametrize("drop", [-4.0, -0.1, 0.0, 0.5, 0.9, 4.5])
@pytest.mark.parametrize("half", [0.001, 0.3, 7.0])
def test_what_is_cut_off_leaves_a_width(drop: float, half: float) -> None:
    """Clipping mean and ends alike made (100.0 to 100.0) of a sum of drops past everything."""
    interval = PossibleDrops(-0.1, 0.9).around(drop, half)
    assert -0.1 <= interval.low <= interval.mean <= interval.high <= 0.9
    assert interval.high - interval.low >= min(half, 1.0) - 1e-9


def test_scores_between_nothing_and_all_stay_there() -> None:
    dense = STUDY.manifest.baseline.score  # type: ignore[union-attr]
    assert possible_drops(STUDY.manifest, {}, "none") == PossibleDrops(dense - 1, dense)


def test_other_scores_are_not_bounded() -> None:
    own = Reference("m", "d", "m.py:own")
    large = replace(STUDY.manifest, reference=own, baseline=Baseline(10, 0.5, scale=7.0))
    negative = replace(STUDY.manifest, reference=own, baseline=Baseline(10, -0.3))
    for manifest in (large, negative):
        assert possible_drops(manifest, {}, "none") == PossibleDrops(-math.inf, math.inf)
