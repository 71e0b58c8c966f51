"""Seeds together: one seed changes nothing, and a mean lies between its ends."""

import pandas as pd
import pytest

from prunescope.bench.workbench import Workbench
from prunescope.curves.curve import curves
from prunescope.curves.means import measured_points
from prunescope.curves.seeds import RANGED, mean_curves, over_seeds, seed_counts
from prunescope.study import Grid, Method
from prunescope.sweep.naive_sweep import measure
from prunescope.sweep.work_list import points as work

pytestmark = pytest.mark.quick

SPARSITIES = (0.5, 0.75)


@pytest.fixture(scope="module")
def frame(tiny_bench: Workbench) -> pd.DataFrame:
    """Real rows: magnitude and three seeds of random, of weights and of channels."""
    methods = (
        Method("magnitude"), Method("random"), Method("l1", "channel"), Method("random", "channel"),
    )  # fmt: skip
    todo = work(Grid(methods, SPARSITIES), tiny_bench.manifest)
    return pd.DataFrame([row.__dict__ for _, row in measure(tiny_bench, todo)])


@pytest.mark.parametrize("granularity", ["weight", "channel"])
def test_a_random_criterion_is_one_row_per_point(frame: pd.DataFrame, granularity: str) -> None:
    single = measured_points(frame[frame["granularity"] == granularity])
    made = over_seeds(single)
    random = made[made["criterion"] == "random"]
    assert (random["seeds"] == 3).all()
    assert (made.loc[made["criterion"] != "random", "seeds"] == 1).all()
    assert not made.duplicated(["subject", "method", "recovery", "sparsity"]).any()
    for row in random.to_dict("records"):
        mine = single[
            (single["subject"] == row["subject"]) & (single["sparsity"] == row["sparsity"])
            & (single["criterion"] == "random")
        ]  # fmt: skip
        assert len(mine) == 3
        for name in RANGED:
            assert row[name] == pytest.approx(mine[name].mean())
            assert (row[f"{name}_min"], row[f"{name}_max"]) == (mine[name].min(), mine[name].max())
        assert row["high"] - row["low"] == pytest.approx((mine["high"] - mine["low"]).mean())


def test_one_seed_is_itself(frame: pd.DataFrame, tiny_bench: Workbench) -> None:
    one = frame[frame["seed"] == 0]
    single = measured_points(one)
    made = over_seeds(single)
    pd.testing.assert_frame_equal(made[single.columns], single)
    assert all((made[f"{name}_min"] == made[f"{name}_max"]).all() for name in RANGED)
    known = curves(one, tiny_bench.manifest)
    assert mean_curves(known) == known


def test_averaging_twice_is_averaging_once(frame: pd.DataFrame) -> None:
    once = over_seeds(measured_points(frame))
    pd.testing.assert_frame_equal(over_seeds(once), once)


def test_curves_and_points_have_the_same_means(frame: pd.DataFrame, tiny_bench: Workbench) -> None:
    known = curves(frame, tiny_bench.manifest)
    means = mean_curves(known)
    rows = over_seeds(measured_points(frame)).set_index(["subject", "method", "sparsity"])
    assert len(means) < len(known)
    assert sum(len(curve.points) for curve in means.values()) == len(rows)
    for key, curve in means.items():
        for point in curve.points:
            row = rows.loc[(key.subject, str(key.method), point.sparsity)]
            assert point.drop == pytest.approx(row["drop"])
            assert point.interval.low == pytest.approx(row["low"])
            assert point.score == pytest.approx(row["score"])
            assert point.removed == row["removed"]


def test_seeds_are_counted_per_curve(frame: pd.DataFrame, tiny_bench: Workbench) -> None:
    found = seed_counts(curves(frame, tiny_bench.manifest))
    assert {key.method.criterion: count for key, count in found.items()} == {
        "magnitude": 1, "l1": 1, "random": 3,
    }  # fmt: skip


def test_seeds_are_as_unsure_as_the_least_sure_of_them(frame: pd.DataFrame) -> None:
    random = frame[(frame["criterion"] == "random") & (frame["granularity"] == "weight")].copy()
    behind = random["seed"] == 2
    random.loc[behind, "population"] = 10 * random.loc[behind, "samples"]
    points = measured_points(random)
    made = over_seeds(points)
    assert made["partial"].all()
    assert (made["split_half"] == points["split_half"].max()).any()
    assert (made["split_half"] > 0).all()
