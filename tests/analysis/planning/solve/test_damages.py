"""Damages between measured points: exact where measured, monotone, and like a square near dense."""

import math

import numpy as np
import pytest

from benchmarks._paper import chain, curves_of
from prunescope.curves.curve import CurveKey
from prunescope.planning.solve.damages import damages_at, interpolate_damages, monotone_damages
from prunescope.study import Method

MANIFEST = chain([3, 16, 32, 10])
POINTS = (0.25, 0.5, 0.75, 0.9)
CURVE = curves_of(MANIFEST, ("magnitude",), POINTS)[CurveKey("conv1", Method("magnitude"))]
SHARES = [point.share for point in CURVE.points]


def test_measured_points_are_met_exactly() -> None:
    for name, values in monotone_damages(CURVE).items():
        assert [each[name] for each in interpolate_damages(CURVE, SHARES)] == values
    assert set(damages_at(CURVE, 0.0).values()) == {0.0}


def test_past_the_last_point_damage_rises_on_and_no_slower_than_before() -> None:
    last, before = (interpolate_damages(CURVE, [share])[0] for share in (SHARES[-1], SHARES[-2]))
    assert damages_at(CURVE, SHARES[-1]) == last
    past = damages_at(CURVE, 1.0)
    for name, root in (("divergence", math.sqrt), ("cross-entropy", math.sqrt), ("drop", float)):
        slope = (root(past[name]) - root(last[name])) / (1.0 - SHARES[-1])
        so_far = (root(last[name]) - root(before[name])) / (SHARES[-1] - SHARES[-2])
        assert slope >= max(so_far, root(last[name]) / SHARES[-1]) * (1 - 1e-9) > 0


def test_damages_never_fall_and_stay_between_their_neighbours() -> None:
    fine = np.linspace(0, 1, 301).tolist()
    for name in ("divergence", "cross-entropy", "drop"):
        values = [each[name] for each in interpolate_damages(CURVE, fine)]
        assert (np.diff(values) >= -1e-15).all()


def test_near_the_dense_network_kl_grows_as_a_square() -> None:
    first = interpolate_damages(CURVE, [SHARES[0]])[0]["divergence"]
    half = damages_at(CURVE, SHARES[0] / 2)["divergence"]
    assert half <= first / 4 * (1 + 1e-9)  # a straight line would say one half
    assert damages_at(CURVE, SHARES[0] / 2)["drop"] == pytest.approx(
        interpolate_damages(CURVE, [SHARES[0]])[0]["drop"] / 2
    )


def test_without_a_curve_nothing_is_known() -> None:
    assert all(math.isnan(value) for value in damages_at(None, 0.5).values())
