"""Shares of a plan's parts in its damage."""

import math
from dataclasses import replace

import pytest

from prunescope.planning.prediction.added_divergences import damage_shares
from prunescope.planning.prediction.plan_parts import Part
from tests.analysis.planning.prediction.invented_study import METHOD, InventedStudy, random_logits

DENSE, TARGETS = random_logits(2)
STUDY = InventedStudy(DENSE, TARGETS, {("a", 0.5): DENSE / 2, ("b", 0.5): DENSE / 3})


def parts(divergence: dict[str, float]) -> list[Part]:
    found = []
    for key, curve in STUDY.curves.items():
        point = replace(curve.points[0], divergence=divergence[key.subject])
        found.append(Part(key.subject, 0.5, replace(curve, points=(point,))))
    return found


def test_shares_add_up_to_one_and_are_those_of_the_kl() -> None:
    assert METHOD.criterion == "magnitude"
    assert damage_shares(parts({"a": 0.03, "b": 0.01})) == pytest.approx({"a": 0.75, "b": 0.25})


def test_without_kl_the_drops_tell() -> None:
    found = damage_shares(parts({"a": math.nan, "b": 0.01}))
    drops = {key.subject: curve.points[0].drop for key, curve in STUDY.curves.items()}
    total = sum(max(drop, 0.0) for drop in drops.values())
    assert found == {
        name: pytest.approx(max(drop, 0.0) / total if total else 0.0)
        for name, drop in drops.items()
    }


def test_parts_that_harm_nothing_have_no_share() -> None:
    assert damage_shares(parts({"a": 0.0, "b": 0.0})) == {"a": 0.0, "b": 0.0}
    assert damage_shares([]) == {}
