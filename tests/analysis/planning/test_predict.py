"""Predictions: laws of addition, gaps that are named, and an error that is really measured."""

from dataclasses import asdict, replace

import pandas as pd
import pytest

from analysis.curves import Curve, CurveKey, CurvePoint
from analysis.planning.plan import Choice, Plan
from analysis.planning.predict import Gap, predict
from analysis.statistics import Interval
from analysis.store.documents import to_json
from analysis.store.measurements import Verification
from analysis.study import Baseline, LayerSummary, Manifest, Method, Reference

MANIFEST = Manifest(
    Reference("m", "d"), "f", 200, 0, 800, 100, 1,
    tuple(LayerSummary(n, "linear", n, (10, 10), 100, 50, 1) for n in ("a", "b")),
    baseline=Baseline(1000, 0.9),
)  # fmt: skip
NONE = pd.DataFrame(columns=list(Verification.__dataclass_fields__))


def curve(subject: str, drops: dict[float, float]) -> dict[CurveKey, Curve]:
    key = CurveKey(subject, Method("magnitude"))
    points = tuple(
        CurvePoint(s, 1, 2, 9, 0.9 - d, Interval(d, d - 0.03, d + 0.03), 0, 0)
        for s, d in drops.items()
    )
    return {key: Curve(key, points)}


CURVES = curve("a", {0.5: 0.1, 0.9: 0.5}) | curve("b", {0.5: 0.2, 0.9: 0.8})


def plan(**sparsities: float) -> Plan:
    return Plan("p", "f", {name: Choice("magnitude", s) for name, s in sparsities.items()})


def verified(made: Plan, drop: float, split: str = "validation") -> dict[str, object]:
    row = Verification(
        "f", 1, made.digest, to_json(made), split, 0.0, "", 1, 800, 1000, 900 - drop * 1000,
        drop * 1000, drop * 1000, 0.0, 0.0, 900, 0, (),
    )  # fmt: skip
    return asdict(row)


def test_an_empty_plan_drops_nothing_for_certain() -> None:
    found = predict(MANIFEST, plan(), CURVES, NONE)
    assert (found.drop, found.interval, found.missing) == (0, Interval(0, 0, 0), ())


def test_one_layer_is_its_curve() -> None:
    found = predict(MANIFEST, plan(a=0.5), CURVES, NONE)
    assert found.drop == 0.1
    assert found.interval is not None
    assert (found.interval.low, found.interval.high) == pytest.approx((0.07, 0.13))


def test_drops_add_up_and_errors_in_quadrature() -> None:
    found = predict(MANIFEST, plan(a=0.5, b=0.5), CURVES, NONE)
    assert found.drop == pytest.approx(0.3)
    assert found.interval is not None
    assert found.interval.half_width == pytest.approx(0.03 * 2**0.5)


def test_a_drop_cannot_exceed_the_dense_score() -> None:
    found = predict(MANIFEST, plan(a=0.9, b=0.9), CURVES, NONE)
    assert found.drop == 0.9
    assert found.interval is not None
    assert found.interval.high == 0.9


def test_what_was_not_measured_is_named() -> None:
    mixed = plan(a=0.95).setting({"b": Choice("taylor", 0.5)})
    found = predict(MANIFEST, mixed, CURVES, NONE)
    assert found.missing == (
        Gap("a", "measured only up to 0.9", beyond=True),
        Gap("b", "no measurement by taylor"),
    )
    assert (found.drop, found.interval) == (None, None)


def test_a_part_beyond_its_curve_counts_at_its_last_point() -> None:
    found = predict(MANIFEST, plan(a=0.95), CURVES, NONE)
    assert found.drop == 0.5
    assert [gap.beyond for gap in found.missing] == [True]


def test_another_recovery_needs_its_own_measurements() -> None:
    found = predict(MANIFEST, replace(plan(a=0.5), recovery="bn"), CURVES, NONE)
    assert found.drop is None
    assert len(found.missing) == 1


def test_without_verified_plans_the_error_is_unknown() -> None:
    assert predict(MANIFEST, plan(a=0.5), CURVES, NONE).error is None


def test_the_error_is_the_mean_distance_on_other_verified_plans() -> None:
    mine = plan(a=0.5, b=0.5)
    rows = pd.DataFrame([
        verified(mine, 0.9),  # itself: does not count for its own error
        verified(plan(a=0.5), 0.12),  # predicted 0.10
        verified(plan(b=0.5), 0.24),  # predicted 0.20
        verified(plan(b=0.9), 0.0, split="test"),
    ])  # fmt: skip
    found = predict(MANIFEST, mine, CURVES, rows)
    assert found.error is not None
    assert found.error.plans == 2
    assert found.error.mean == pytest.approx(0.03)
    assert found.error.worst == pytest.approx(0.04)
    assert found.interval is not None
    assert found.interval.half_width == pytest.approx(0.03 * 2**0.5 + 0.04)


def test_plans_that_are_not_covered_or_not_readable_tell_nothing() -> None:
    rows = pd.DataFrame([
        verified(plan(a=0.95), 0.5), {**verified(plan(a=0.5), 0.5), "plan": "no plan"},
    ])  # fmt: skip
    assert predict(MANIFEST, plan(b=0.5), CURVES, rows).error is None
