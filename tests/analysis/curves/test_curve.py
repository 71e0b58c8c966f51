"""Curves: laws first, then the published mistakes that must not be made here."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
import pytest

from prunescope.curves.curve import Curve, CurveKey, by_sensitivity, curves, subjects
from prunescope.curves.means import measured_points
from prunescope.statistics.paired import paired_interval
from prunescope.store.measurements import Measurement
from prunescope.study import GroupSummary, LayerSummary, Manifest, Method, Reference

pytestmark = pytest.mark.quick

SAMPLES = 1000


def measured(subject: str, sparsity: float, drop: float, **changes: Any) -> dict[str, Any]:
    """One row whose drop comes from samples that all changed in the same direction."""
    changed = round(drop * SAMPLES)
    row = Measurement(
        fingerprint="f", version=2, subject=subject, criterion="magnitude", granularity="weight",
        sparsity=sparsity, recovery="none", seed=0, removed=round(1000 * sparsity), total=1000,
        compressed_bytes=100, samples=SAMPLES, population=SAMPLES,
        score_sum=0.9 * SAMPLES - changed, drop_sum=changed, drop_squares=abs(changed),
        entropy_sum=3.0, entropy_squares=1.0,
        divergence_sum=2.0, divergence_squares=1.0, agreements=SAMPLES - abs(changed),
        nonfinite=0, class_correct=(),
    )  # fmt: skip
    return asdict(row) | changes


def manifest(*names: str, groups: Sequence[GroupSummary] = ()) -> Manifest:
    layers = tuple(LayerSummary(n, "linear", n + ".weight", (10, 100), 1000, 1, 1) for n in names)
    return Manifest(
        Reference("m", "d"), "f", 1000, 0, 4000, 1000, 100, layers, groups=tuple(groups)
    )


def curve_of(sparsities: Sequence[float], drops: Sequence[float]) -> Curve:
    rows = [measured("a", s, d) for s, d in zip(sparsities, drops, strict=True)]
    (curve,) = curves(pd.DataFrame(rows), manifest("a")).values()
    return curve


def test_a_late_lucky_point_does_not_count() -> None:
    """PaddleSlim's ratio picker gave 0.9 here."""
    curve = curve_of([0.1, 0.3, 0.5, 0.7, 0.9], [0, 0.08, 0.12, 0.30, -0.01])
    assert curve.largest_within(0.02) == 0.1


def test_the_first_violation_is_not_returned() -> None:
    """NNI gave 0.3 here."""
    assert curve_of([0.1, 0.2, 0.3], [0.0, 0.01, 0.30]).largest_within(0.05) == 0.2


def test_an_improvement_is_no_damage() -> None:
    assert curve_of([0.1, 0.2], [-0.03, -0.03]).largest_within(0.0) == 0.2


def test_a_first_point_past_the_limit_leaves_nothing() -> None:
    assert curve_of([0.5, 0.6], [0.4, 0.0]).largest_within(0.02) == 0.0


def test_a_drop_just_at_the_limit_is_within() -> None:
    assert curve_of([0.5], [0.02]).largest_within(0.02) == 0.5


def test_the_order_of_rows_does_not_matter() -> None:
    rows = [measured("a", s, s / 10) for s in (0.1, 0.5, 0.9)]
    forward = curves(pd.DataFrame(rows), manifest("a"))
    assert curves(pd.DataFrame(rows[::-1]), manifest("a")) == forward


def test_removing_nothing_is_no_measurement() -> None:
    rows = [measured("a", 0.1, 0.0, removed=0), measured("a", 0.5, 0.3)]
    (curve,) = curves(pd.DataFrame(rows), manifest("a")).values()
    assert [point.sparsity for point in curve.points] == [0.5]
    assert curve.too_small == (0.1,)
    assert curve.largest_within(0.02) == 0.0


def test_few_units_make_steps_at_what_exists() -> None:
    rows = [
        measured("a", s, d, removed=r, total=4)
        for s, d, r in [(0.2, 0.01, 1), (0.3, 0.01, 1), (0.5, 0.1, 2), (0.9, 0.5, 4)]
    ]
    (curve,) = curves(pd.DataFrame(rows), manifest("a")).values()
    assert curve.stepped
    assert [(p.sparsity, p.share) for p in curve.steps()] == [(0.2, 0.25), (0.5, 0.5), (0.9, 1.0)]
    assert not curve_of([0.5], [0.1]).stepped


def test_interpolation_starts_at_no_drop_and_passes_through_every_point() -> None:
    curve = curve_of([0.2, 0.4], [0.1, 0.3])
    assert curve.drop_at(0.0).mean == 0
    assert curve.drop_at(0.1).mean == pytest.approx(0.05)
    assert curve.drop_at(0.2) == curve.points[0].interval
    assert curve.drop_at(0.3).mean == pytest.approx(0.2)
    assert curve.drop_at(0.4) == curve.points[1].interval
    assert curve.drop_at(0.9) == curve.points[1].interval


def test_between_points_an_interval_reaches_over_those_of_both() -> None:
    curve = curve_of([0.2, 0.4], [0.1, 0.3])
    first, second = (point.interval for point in curve.points)
    inside = curve.between(0.3)
    assert inside.mean == curve.drop_at(0.3).mean
    assert (inside.low, inside.high) == (first.low, second.high)
    start = curve.between(0.1)
    assert (start.low, start.high) == (min(0.0, first.low), first.high)
    for measured in (0.0, 0.2, 0.4, 0.9):
        assert curve.between(measured) == curve.drop_at(measured)


def test_columns_agree_with_the_interval_of_one_point() -> None:
    generator = np.random.default_rng(0)
    rows = []
    for place in range(50):
        squares = int(generator.integers(0, 300))
        total = float(generator.integers(-squares, squares + 1))
        rows.append(measured(f"l{place}", 0.5, 0, drop_sum=total, drop_squares=float(squares)))
    for row, point in zip(rows, measured_points(pd.DataFrame(rows)).itertuples(), strict=True):
        expected = paired_interval(SAMPLES, row["drop_sum"], row["drop_squares"])
        assert (point.drop, point.low, point.high) == pytest.approx(
            (expected.mean, expected.low, expected.high)
        )
        assert point.low <= point.drop <= point.high


def test_columns_agree_where_scores_are_of_another_scale() -> None:
    """A metric that counts to ten, say: nothing is clipped, and a disagreement counts as it is."""
    row = measured("a", 0.5, 0, drop_sum=3000.0, drop_squares=12_000.0)
    (point,) = measured_points(pd.DataFrame([row])).itertuples()
    expected = paired_interval(SAMPLES, 3000.0, 12_000.0)
    assert (point.drop, point.low, point.high) == pytest.approx(
        (expected.mean, expected.low, expected.high)
    )
    assert point.high > 1


def some_seen(sparsity: float, drop: float, samples: int, population: int = 6000) -> dict[str, Any]:
    """A row that has seen some of the samples so far."""
    changed = round(drop * samples)
    return measured(
        "a", sparsity, 0, samples=samples, population=population, drop_sum=changed,
        drop_squares=abs(changed), score_sum=0.9 * samples - changed,
    )  # fmt: skip


def test_a_partial_points_interval_holds_whenever_one_looks() -> None:
    row = some_seen(0.5, 0.25, 64)
    (point,) = measured_points(pd.DataFrame([row])).itertuples()
    once = paired_interval(64, row["drop_sum"], row["drop_squares"])
    assert point.partial
    assert point.low <= point.drop - point.split_half < once.low
    assert point.high >= point.drop + point.split_half > once.high
    (curve,) = curves(pd.DataFrame([row]), manifest("a")).values()
    assert curve.drop_at(0.5) == curve.points[0].interval
    assert curve.drop_at(0.5).high == point.high


def test_intervals_narrow_as_samples_arrive_and_end_as_the_paired_one() -> None:
    rows = [some_seen(0.5, 0.25, samples) for samples in (64, 256, 1024, 4096, 6000)]
    found = [measured_points(pd.DataFrame([row])).iloc[0] for row in rows]
    widths = [point["high"] - point["low"] for point in found]
    assert widths == sorted(widths, reverse=True)
    last = paired_interval(6000, rows[-1]["drop_sum"], rows[-1]["drop_squares"])
    assert (found[-1]["low"], found[-1]["high"]) == pytest.approx((last.low, last.high))
    assert found[-1]["split_half"] == 0


def test_a_sparsity_counts_as_within_only_once_the_samples_to_come_cannot_change_it() -> None:
    def reached(samples: int) -> float:
        rows = [some_seen(0.3, 0.0, 6000), some_seen(0.5, 0.0, samples)]
        (curve,) = curves(pd.DataFrame(rows), manifest("a")).values()
        return curve.largest_within(0.02)

    assert [reached(samples) for samples in (64, 1024, 6000)] == [0.3, 0.5, 0.5]


def test_an_uncertain_point_in_between_ends_the_scan_only_if_it_violates_so_far() -> None:
    """A finer sweep that begins takes nothing back of what a coarse one has shown."""
    for drop, reached in ((0.0, 0.3), (0.05, 0.1)):
        rows = [some_seen(0.1, 0.0, 6000), some_seen(0.2, drop, 64), some_seen(0.3, 0.0, 6000)]
        (curve,) = curves(pd.DataFrame(rows), manifest("a")).values()
        assert curve.largest_within(0.01) == reached


def test_noise_is_an_interval_around_zero() -> None:
    points = measured_points(pd.DataFrame([measured("a", 0.1, 0.001), measured("a", 0.9, 0.5)]))
    assert list(points["noise"]) == [True, False]
    assert [p.within_noise for p in curve_of([0.1, 0.9], [0.001, 0.5]).points] == [True, False]


def test_methods_are_told_apart_by_granularity() -> None:
    rows = [measured("a", 0.5, 0.1), measured("a", 0.5, 0.3, granularity="channel")]
    assert list(measured_points(pd.DataFrame(rows))["method"]) == ["magnitude", "magnitude@channel"]
    found = curves(pd.DataFrame(rows), manifest("a"))
    assert found[CurveKey("a", Method("magnitude", "channel"))].points[0].drop == 0.3


def test_subjects_come_in_forward_order() -> None:
    rows = [measured(name, 0.5, 0.1) for name in ("a", "b", "c")]
    found = curves(pd.DataFrame(rows), manifest("c", "a", "b"))
    assert [key.subject for key in found] == ["c", "a", "b"]


def test_subjects_are_what_can_be_pruned() -> None:
    groups = [
        GroupSummary("a", "channel", 8, ()),
        GroupSummary("g", "head", 4, ()),
        GroupSummary("x", "channel", 4, (), reason="a fused operator"),
    ]
    assert subjects(manifest("a", "b", groups=groups)) == ("a", "b", "g")


def test_sensitivity_compares_over_the_shared_sparsities_and_by_the_best_method() -> None:
    rows = [measured("far", s, d) for s, d in [(0.5, 0.0), (0.9, 0.9)]]
    rows += [measured("near", 0.5, 0.1)]
    rows += [measured("near", 0.5, 0.5, criterion="random")]
    ranked = by_sensitivity(curves(pd.DataFrame(rows), manifest("far", "near")).values())
    assert ranked == [("near", pytest.approx(0.05)), ("far", 0.0)]


def test_a_constant_slope_has_half_its_end_as_area() -> None:
    assert curve_of([0.25, 0.5, 1.0], [0.1, 0.2, 0.4]).area() == pytest.approx(0.2)
    assert math.isnan(Curve(CurveKey("a", Method("m")), ()).area())


def test_no_measurements_are_no_curves() -> None:
    empty = pd.DataFrame(columns=list(measured("a", 0.1, 0)))
    assert curves(empty, manifest("a")) == {}
    assert by_sensitivity([]) == []
