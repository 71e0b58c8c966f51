"""Proposed plans: several levels, different layers, the same again for the same seed."""

from dataclasses import replace

import numpy as np
import pytest

from prunescope.curves.curve import Curve, CurveKey, CurvePoint
from prunescope.errors import BadValue
from prunescope.planning.prediction import parts_of, propose_verifications
from prunescope.planning.prediction.proposals import LEVELS
from prunescope.statistics.paired import Interval
from prunescope.study import Method
from tests.analysis.planning.prediction.invented_study import InventedStudy, random_logits

REAL = (0.3333, 0.6667, 0.9167)
MANIFEST = InventedStudy(*random_logits(0), {}).manifest


def curve(name: str, steep: float, criterion: str = "magnitude") -> dict[CurveKey, Curve]:
    key = CurveKey(name, Method(criterion))
    points = tuple(
        CurvePoint(s, 1, 2, 9, 0.9, Interval(steep * s**2, 0, 1), 0, 0) for s in (0.3, 0.6, 0.9)
    )
    return {key: Curve(key, points)}


CURVES = curve("a", 0.1) | curve("b", 0.3) | curve("c", 0.9)


def added(plan: object) -> float:
    choices = plan.active()  # type: ignore[attr-defined]
    return sum(
        CURVES[CurveKey(name, each.method)].drop_at(each.sparsity).mean
        for name, each in choices.items()
    )


def test_plans_span_the_levels_and_are_all_combinations() -> None:
    plans = propose_verifications(MANIFEST, CURVES, 16)
    assert len({plan.digest for plan in plans}) == 16
    assert all(len(plan.active()) >= 2 for plan in plans)
    levels = np.sort([added(plan) for plan in plans])
    np.testing.assert_allclose(levels, np.geomspace(*LEVELS, 16), rtol=0.1)


def test_every_layer_is_loaded_by_some_plan() -> None:
    plans = propose_verifications(MANIFEST, CURVES, 16)
    for name in "abc":
        assert sum(name in plan.active() for plan in plans) >= 6


def test_the_same_seed_gives_the_same_plans_and_another_one_others() -> None:
    digests = [
        tuple(plan.digest for plan in propose_verifications(MANIFEST, CURVES, 4, seed=seed))
        for seed in (0, 0, 1)
    ]
    assert digests[0] == digests[1] != digests[2]


def test_random_criteria_are_left_out_where_there_is_another() -> None:
    known = CURVES | curve("a", 0.9, "random")
    plans = propose_verifications(MANIFEST, known, 8)
    assert {each.criterion for plan in plans for each in plan.active().values()} == {"magnitude"}


def test_one_layer_alone_makes_no_combination() -> None:
    with pytest.raises(BadValue, match=r"at least two layers or groups.*prunescope sweep"):
        propose_verifications(MANIFEST, curve("a", 0.1), 4)
    with pytest.raises(BadValue, match="--recovery bn"):
        propose_verifications(MANIFEST, CURVES, 4, recovery="bn")


@pytest.mark.parametrize("steep", [0.002, 0.05, 0.4])
def test_as_many_plans_as_asked_for_and_every_one_counts(steep: float) -> None:
    """Nine were asked for, seven measured, five counted: equal plans, single parts, and 0.917 of a
    curve that ends at 0.9167, which no measurement covers."""
    known = {
        key: Curve(key, tuple(replace(p, sparsity=s) for p, s in zip(c.points, REAL, strict=True)))
        for name in "ab"
        for key, c in curve(name, steep).items()
    }
    plans = propose_verifications(MANIFEST, known, 9)
    assert len({plan.digest for plan in plans}) == 9
    for plan in plans:
        parts, missing = parts_of(plan, known, MANIFEST)
        assert len(parts) == 2
        assert missing == ()


def test_plans_differ_although_nothing_hurts() -> None:
    harmless = curve("a", 0.0) | curve("b", 0.0)
    plans = propose_verifications(MANIFEST, harmless, 8)
    assert len({plan.digest for plan in plans}) == len(plans) == 8


def test_a_plan_is_proposed_once_where_there_is_only_one() -> None:
    known = curve("a", 0.1) | curve("b", 0.1)
    pattern = {
        replace(key, method=Method("magnitude", "2:4")): Curve(
            replace(key, method=Method("magnitude", "2:4")),
            (replace(own.points[0], sparsity=0.5),),
        )
        for key, own in known.items()
    }
    assert len(propose_verifications(MANIFEST, pattern, 8)) == 1
