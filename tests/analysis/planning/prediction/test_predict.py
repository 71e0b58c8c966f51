"""Predictions: laws of addition, gaps that are named, and an error that is really measured."""

from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest

from prunescope.curves.curve import Curve, CurveKey, CurvePoint
from prunescope.errors import ForeignStudy, UnknownName
from prunescope.planning.prediction.correction import Link
from prunescope.planning.prediction.predict import Gap, back_test, predict
from prunescope.statistics.paired import Interval
from prunescope.statistics.tolerance import half_width
from prunescope.store.json_documents import to_json
from prunescope.store.measurements import Verification
from prunescope.study import Baseline, LayerSummary, Manifest, Method, Reference
from prunescope.study.plan import Choice, Plan

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
        Gap("a", "measured only up to 0.9", True, "magnitude", 0.95),
        Gap("b", "no measurement by taylor", False, "taylor", 0.5),
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


def test_the_error_is_the_distance_on_the_other_verified_plan() -> None:
    mine = plan(a=0.5, b=0.5)
    rows = pd.DataFrame([
        verified(mine, 0.9),  # itself: does not count for its own error
        verified(plan(a=0.9, b=0.5), 0.74),  # predicted 0.70, without any other to learn from
        verified(plan(b=0.9), 0.0),  # one part: measurements know it already
        verified(plan(a=0.5, b=0.9), 0.0, split="test"),
        verified(replace(plan(a=0.5, b=0.9), recovery="bn"), 0.0),
    ])  # fmt: skip
    found = predict(MANIFEST, mine, CURVES, rows)
    assert found.error is not None
    assert found.error.plans == 1
    assert found.error.mean == found.error.worst == pytest.approx(0.04)
    assert found.drop is not None
    assert found.drop > 0.3  # learnt from that one
    assert found.interval is not None
    once = half_width([0.04 / (0.7 + 0.01)], found.drop)
    assert once is not None
    assert found.interval.low == pytest.approx(found.drop - once)


def test_each_plan_is_back_tested_without_itself() -> None:
    """A rule that is always off by the same factor is learnt from the others."""
    made = [plan(a=s, b=t) for s in (0.2, 0.3, 0.4, 0.5) for t in (0.2, 0.3, 0.4, 0.5)]
    raw = [predict(MANIFEST, each, CURVES, NONE).drop or 0.0 for each in made]
    link = Link(0.9)
    real = link.drop(1.4 * link.change(np.array(raw)))
    rows = pd.DataFrame([verified(m, d) for m, d in zip(made, real, strict=True)])
    found = back_test(MANIFEST, CURVES, rows, predictor="sum of drops")
    assert found is not None
    assert found.plans == 16
    assert found.mean < 0.15 * np.mean(np.abs(np.array(raw) - real))


def test_plans_that_are_not_covered_or_not_readable_tell_nothing() -> None:
    rows = pd.DataFrame([
        verified(plan(a=0.95, b=0.5), 0.5), {**verified(plan(a=0.5, b=0.5), 0.5), "plan": "none"},
    ])  # fmt: skip
    assert predict(MANIFEST, plan(b=0.5), CURVES, rows).error is None


def test_a_plan_for_other_weights_is_refused() -> None:
    with pytest.raises(ForeignStudy, match="made for this study's weights"):
        predict(MANIFEST, replace(plan(a=0.5), fingerprint="g"), CURVES, NONE)


def test_an_unknown_predictor_is_refused() -> None:
    with pytest.raises(UnknownName, match="Closest: sum of drops"):
        predict(MANIFEST, plan(a=0.5), CURVES, NONE, predictor="sum of drop")
