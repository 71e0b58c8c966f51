"""What is called safe is so by the upper end of the interval, and names what it rests on."""

from dataclasses import replace

import pytest

from prunescope.curves.curve import Curve, CurveKey, CurvePoint
from prunescope.curves.safe import safe_point, safest, why_none
from prunescope.statistics.paired import Interval
from prunescope.study import Baseline, Manifest, Method, Reference
from prunescope.study.soundness import Check

pytestmark = pytest.mark.quick

MANIFEST = Manifest(
    Reference("m", "d"), "f", 0, 0, 0, 0, 0, (),
    baseline=Baseline(500, 0.9, class_samples=(50,) * 10),
)  # fmt: skip


def curve(method: str, recovery: str, *points: tuple[float, float, float]) -> Curve:
    made = tuple(
        CurvePoint(s, 5, 10, 500, 0.9 - d, Interval(d, 2 * d - high, high), 0.0, 0.0)
        for s, d, high in points
    )
    return Curve(CurveKey("fc", Method.parse(method), recovery), made)


def test_a_band_past_the_limit_is_not_safe() -> None:
    """The demo's: safe to 90 % within 1 point, with the point at 1.00 and its band to 1.95."""
    found = curve("magnitude", "none", (0.6, 0.002, 0.008), (0.9, 0.01, 0.0195))
    assert found.largest_within(0.01) == 0.9
    assert safe_point(found, 0.01) == found.points[0]
    safe = safest([found], 0.01, MANIFEST)
    assert safe is not None
    assert safe.sentence() == (
        "Safe to 60 % within 1.00 pt: by magnitude without recovery. The mean drop there is "
        "0.20 pt, at most 0.80 pt by its 95 % interval over samples like these, from 500 samples."
    )


def test_a_later_lucky_point_does_not_count() -> None:
    found = curve("l1", "none", (0.3, 0.0, 0.005), (0.6, 0.0, 0.02), (0.9, 0.0, 0.005))
    assert safe_point(found, 0.01) == found.points[0]
    assert safe_point(found, 0.0) is None


def test_the_recovery_is_named() -> None:
    safe = safest([curve("taylor@channel", "ls", (0.5, 0.0, 0.005))], 0.01, MANIFEST)
    assert safe is not None
    assert "by taylor@channel + ls." in safe.sentence()


def test_at_chance_nothing_is_safe() -> None:
    chance = replace(MANIFEST, soundness=(Check("chance", "marked", "no better than chance"),))
    known = [curve("magnitude", "none", (0.9, 0.0, 0.001))]
    assert safest(known, 0.01, MANIFEST) is not None
    assert safest(known, 0.01, chance) is None
    assert "no better than chance" in why_none(known, 0.01, chance)


def test_too_few_samples_are_said() -> None:
    few = curve("magnitude", "none", (0.1, 0.0, 0.06))
    small = Curve(few.key, tuple(replace(point, samples=60) for point in few.points))
    said = why_none([small], 0.01, MANIFEST)
    assert "the least upper end of a 95 % interval of the mean drop is 6.00 pt, at 10 %" in said
    assert "From 60 samples no interval ends below 3.16 pt" in said
