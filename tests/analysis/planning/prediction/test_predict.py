"""Predictions: laws of addition, gaps that are named, and an error that is really measured."""

from dataclasses import asdict, replace
from math import nan

import numpy as np
import pandas as pd
import pytest

from prunescope.curves.curve import Curve, CurveKey, CurvePoint
from prunescope.errors import ForeignStudy, UnknownName
from prunescope.planning.prediction.correction import Link
from prunescope.planning.prediction.interval_basis import Kind
from prunescope.planning.prediction.predict import Gap, back_test, predict
from prunescope.planning.prediction.prior_interval import NETWORKS, PICKED, ErrorScale
from prunescope.statistics.paired import Interval
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
        CurvePoint(s, 1, 2, 1000, 0.9 - d, Interval(d, d - 0.03, d + 0.03), nan, nan)
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


def test_drops_add_up_and_other_networks_tell_how_far_off_that_may_be() -> None:
    """Not the curves' own noise, which says nothing of how layers combine."""
    found = predict(MANIFEST, plan(a=0.5, b=0.5), CURVES, NONE)
    assert found.drop == pytest.approx(0.3)
    assert found.interval is not None
    half = ErrorScale(1000).half_width([], found.drop)
    assert found.interval.half_width == pytest.approx(half)
    assert found.interval.half_width > 2 * 0.03 * 2**0.5
    assert (found.basis.kind, found.basis.plans) == (Kind.NETWORKS, 0)
    said = f"from {NETWORKS} other networks, before any plan of this study is verified"
    assert said in found.sentences()[0]


def test_the_interval_of_a_solved_plan_reaches_further_above_and_says_why() -> None:
    """Of many predictions the best was picked, which is the luckiest one too."""
    made = plan(a=0.1, b=0.1)
    by_hand, solved = (predict(MANIFEST, each, CURVES, NONE) for each in (made, made.as_solved()))
    assert by_hand.interval is not None
    assert solved.interval is not None
    assert (solved.drop, solved.interval.low) == (by_hand.drop, by_hand.interval.low)
    above = by_hand.interval.high - by_hand.interval.mean
    assert solved.interval.high - solved.interval.mean == pytest.approx(PICKED * above)
    assert f"{PICKED:g} times as far above it, as it was picked by its prediction" in str(solved)
    assert "picked" not in str(by_hand)
    edited = made.as_solved().setting({"b": Choice("magnitude", 0.3)})
    assert "picked" not in str(predict(MANIFEST, edited, CURVES, NONE))


def test_a_drop_cannot_exceed_the_dense_score_and_its_interval_keeps_a_width() -> None:
    found = predict(MANIFEST, plan(a=0.9, b=0.9), CURVES, NONE)
    assert found.drop == 0.9
    assert found.interval is not None
    assert found.interval.high == 0.9
    assert found.interval.low < 0.5
    assert found.basis.vague
    assert "measure it" in found.sentences()[0]


def test_an_agreement_that_starts_at_all_cannot_rise() -> None:
    agreement = replace(
        MANIFEST, reference=Reference("m", "d", "agreement"), baseline=Baseline(1000, 1.0)
    )
    known = curve("a", {0.5: 0.001}) | curve("b", {0.5: 0.002})
    found = predict(agreement, plan(a=0.5, b=0.5), known, NONE)
    assert found.interval is not None
    assert found.interval.low == 0
    assert found.interval.high > 0.005
    alone = predict(agreement, plan(a=0.5), known, NONE)
    assert alone.interval is not None
    assert (alone.interval.low, alone.interval.high) == (0, pytest.approx(0.031))


def test_of_a_users_own_metric_only_the_studys_own_plans_tell_how_far_off() -> None:
    """A sum of KL would map outputs that are no softmax, and other networks had other metrics."""
    own = replace(MANIFEST, reference=Reference("m", "d", "m.py:pitch"))
    before = predict(own, plan(a=0.5, b=0.5), CURVES, NONE)
    assert (before.drop, before.predictor) == (pytest.approx(0.3), "sum of drops")
    assert (before.interval, before.basis.kind) == (None, Kind.NOTHING)
    assert "how far off is not known" in before.sentences()[0]
    rows = pd.DataFrame([verified(plan(a=0.5, b=b), 0.02) for b in (0.3, 0.4, 0.45)])
    few = predict(own, plan(a=0.5, b=0.5), CURVES, rows[:2])
    assert few.interval is None
    assert "not known before 3 plans of this study are verified" in few.drop_in_words()
    after = predict(own, plan(a=0.5, b=0.5), CURVES, rows)
    assert after.predictor == "sum of drops"
    assert after.interval is not None
    assert after.interval.low < 0.02 < after.interval.high


def test_what_was_not_measured_is_named() -> None:
    mixed = plan(a=0.95).setting({"b": Choice("taylor", 0.5)})
    found = predict(MANIFEST, mixed, CURVES, NONE)
    assert found.missing == (
        Gap("a", "measured only up to 0.9", True, "magnitude", 0.95),
        Gap("b", "no measurement by taylor", False, "taylor", 0.5),
    )
    assert (found.drop, found.interval) == (None, None)


@pytest.mark.parametrize("sparsities", [{"a": 0.95}, {"a": 0.95, "b": 0.2}])
def test_past_the_last_measured_point_only_a_lower_end_is_known(
    sparsities: dict[str, float],
) -> None:
    found = predict(MANIFEST, plan(**sparsities), CURVES, NONE)
    assert found.drop is not None
    assert found.drop >= 0.5  # as at the last point
    assert [gap.beyond for gap in found.missing] == [True]
    assert found.interval is not None
    assert found.interval.low < found.drop
    assert found.interval.high == 0.9  # everything that can be lost
    assert found.basis.one_sided
    first, second = found.sentences()
    assert f"Predicted drop: {100 * found.interval.low:.2f} pt or more" in first
    assert second == "a: measured only up to 0.9, so only a lower end of the drop is known."


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
    scale = ErrorScale(1000)
    half = scale.half_width([0.04 / scale.normaliser(0.7)], found.drop)
    assert half is not None
    assert found.interval.low == pytest.approx(found.drop - half)
    assert (found.basis.kind, found.basis.plans) == (Kind.PLANS, 1)


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
