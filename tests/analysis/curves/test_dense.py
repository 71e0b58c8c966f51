"""Drops are counted from the dense network after the same recovery."""

import pytest

from prunescope.curves.curve import Curve, CurveKey, CurvePoint
from prunescope.curves.dense import dense_score
from prunescope.statistics.paired import Interval
from prunescope.study import Baseline, Manifest, Method, Reference

pytestmark = pytest.mark.quick

MANIFEST = Manifest(
    Reference("m", "d"), "f", 0, 0, 0, 0, 0, (), baseline=Baseline(100, 0.8)
)  # fmt: skip


def curve(
    recovery: str, *points: tuple[int, float, float], partial: float = 0.0
) -> dict[CurveKey, Curve]:
    """A curve of points that are (samples, score, drop)."""
    key = CurveKey("a", Method("magnitude"), recovery)
    made = [
        CurvePoint(
            place / 10, 1, 2, samples, score, Interval(drop, drop, drop), 0, 0, 0, 0, partial
        )
        for place, (samples, score, drop) in enumerate(points, start=1)
    ]
    return {key: Curve(key, tuple(made))}


def test_a_score_and_its_drop_add_up_to_the_dense_score_after_the_recovery() -> None:
    known = curve("none", (100, 0.7, 0.1)) | curve("bn", (100, 0.75, 0.1), (300, 0.8, 0.01))
    assert dense_score(MANIFEST, known, "bn") == pytest.approx((0.85 + 3 * 0.81) / 4)


def test_other_recoveries_leave_the_dense_network_as_it_is() -> None:
    known = curve("ls", (100, 0.7, 0.3))
    assert dense_score(MANIFEST, known, "none") == 0.8
    assert dense_score(MANIFEST, known, "ls") == 0.8


def test_before_a_point_has_seen_the_whole_split_it_is_the_baseline() -> None:
    assert dense_score(MANIFEST, {}, "bn") == 0.8
    assert dense_score(MANIFEST, curve("bn", (10, 0.9, 0.1), partial=0.2), "bn") == 0.8
