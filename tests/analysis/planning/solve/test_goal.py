"""Locks, bounds, budgets and what cannot be had: what the slider answers, and what it says."""

import math
from itertools import product

import numpy as np
import pytest

from benchmarks._paper import chain, curves_of
from prunescope.curves.curve import CurveKey, Curves
from prunescope.errors import BadValue, CannotReach, UnknownName
from prunescope.planning.preview import preview
from prunescope.planning.solve import (
    Goal,
    Slider,
    Target,
    build_problem,
    make_solver,
    parse_target,
    solve_exactly,
    solve_quickly,
)
from prunescope.study import Method
from prunescope.study.plan import Choice
from tests.analysis.planning.solve.random_curves import SPARSITIES, brute, measured

pytestmark = pytest.mark.quick

MANIFEST = chain([3, 8, 12, 8, 10])
WEIGHTS = measured(MANIFEST, "weight", 1)
CHANNELS = measured(MANIFEST, "channel", 1)


def solved(known: Curves, *given: str, **changes: object) -> Slider:
    goal = Goal(tuple(map(parse_target, given)), **changes)  # type: ignore[arg-type]
    return Slider(build_problem(MANIFEST, known, goal))


def test_locks_bounds_and_exclusions_are_kept() -> None:
    lock = Choice("magnitude", 0.33, locked=True)
    found = solved(
        WEIGHTS, "parameters=0.75", locks={"conv1": lock}, excluded=("conv3",),
        bounds={"conv2": (0.25, 0.5)},
    ).solve()  # fmt: skip
    assert found.plan.choices["conv1"] == lock
    assert "conv3" not in found.plan.active()
    assert 0.25 <= found.plan.choices["conv2"].sparsity <= 0.5


def test_a_dense_lock_keeps_the_layer_and_the_group_of_that_name() -> None:
    both = {**WEIGHTS, **CHANNELS}
    lock = Choice("magnitude", 0.0, locked=True)
    found = solved(both, "nonzero-macs=0.6", locks={"conv1": lock}).solve()
    assert "conv1" not in found.plan.active()
    assert found.plan.choices["conv1"].locked


def test_weights_and_units_of_one_plan_never_touch_the_same_layer() -> None:
    found = solved({**WEIGHTS, **CHANNELS}, "parameters=0.4").solve().plan.active()
    for name, choice in found.items():
        if choice.granularity == "channel":
            touched = {member.layer for member in MANIFEST.group(name).members}
            weights = {n for n, c in found.items() if c.granularity == "weight"}
            assert not touched & weights


def test_contradictory_locks_are_named() -> None:
    locks = {"conv1": Choice("magnitude", 0.5), "conv0": Choice("magnitude", 0.5, "channel")}
    with pytest.raises(BadValue, match="conv1 loses weights and conv0 units"):
        solved({**WEIGHTS, **CHANNELS}, "parameters=0.5", locks=locks)
    with pytest.raises(BadValue, match="conv1 to be either locked at 0.5 or excluded"):
        solved(WEIGHTS, "parameters=0.5", locks={"conv1": locks["conv1"]}, excluded=("conv1",))
    with pytest.raises(BadValue, match="lock of conv1 within its bounds 0 to 0.3"):
        solved(
            WEIGHTS, "parameters=0.5", locks={"conv1": locks["conv1"]}, bounds={"conv1": (0, 0.3)}
        )
    with pytest.raises(UnknownName, match="conv1"):
        solved(WEIGHTS, "parameters=0.5", excluded=("conv11",))


def test_what_cannot_be_reached_says_what_can() -> None:
    slider = solved(CHANNELS, "macs=0.5")
    reach = slider.dual.reach[0] / slider.problem.dense[1]
    with pytest.raises(CannotReach, match=f"macs at most 1 % of dense cannot.*{100 * reach:.3g} %"):
        slider.solve({"macs": 0.01})
    slider.solve({"macs": float(reach)})  # and it can


def test_zeroed_weights_save_no_macs_and_that_is_said() -> None:
    with pytest.raises(CannotReach, match="measure channels"):
        solved(WEIGHTS, "macs=0.5").solve()


def test_a_late_lucky_point_gains_nothing() -> None:
    from dataclasses import replace

    key = CurveKey("conv0", Method("magnitude"))
    curve = WEIGHTS[key]
    lucky = replace(curve.points[-1], divergence=0.0)
    known = {**WEIGHTS, key: replace(curve, points=(*curve.points[:-1], lucky))}
    problem = build_problem(
        MANIFEST, known, Goal((Target("parameters", 0.5),), methods=(key.method,))
    )
    (subject,) = [each for each in problem.subjects if each.name == "conv0"]
    damages = [option.damages["divergence"] for option in subject.options]
    assert damages == sorted(damages)


def test_random_is_a_control_and_no_candidate() -> None:
    known = curves_of(MANIFEST, ("magnitude", "random", "shuffled-magnitude"), SPARSITIES)
    plan = solved(known, "parameters=0.3").solve().plan
    assert {choice.criterion for choice in plan.choices.values()} == {"magnitude"}
    named = solved(known, "parameters=0.3", methods=(Method("random"),)).solve().plan
    assert {choice.criterion for choice in named.choices.values()} == {"random"}


def test_what_was_never_measured_is_listed_and_stays_dense() -> None:
    known = {key: curve for key, curve in WEIGHTS.items() if key.subject != "conv2"}
    slider = solved(known, "parameters=0.7")
    assert [each.subject for each in slider.problem.missing] == ["conv2"]
    assert "conv2" not in slider.solve().plan.choices
    both = solved({**WEIGHTS, **CHANNELS}, "macs=0.7", methods=(Method("magnitude", "channel"),))
    assert both.problem.missing == ()  # what may not be taken is not missing


def test_without_logits_the_drop_is_minimised_and_that_is_said() -> None:
    from dataclasses import replace

    bare = {
        key: replace(
            curve, points=tuple(replace(point, divergence=float("nan")) for point in curve.points)
        )
        for key, curve in WEIGHTS.items()
    }
    found = solved(bare, "parameters=0.5").solve()
    assert found.objective == "drop"
    assert "no class logits" in found.notes[0]


def test_a_drop_can_be_a_budget_and_a_cost_the_objective() -> None:
    slider = solved(CHANNELS, "drop=0.1", objective="macs")
    found = solve_exactly(slider)
    assert found.exact
    assert found.costs["drop"] <= 0.1
    best = brute(slider.problem, slider.problem.limits())
    assert found.value == pytest.approx(best)
    with pytest.raises(BadValue, match="target on a damage"):
        solved(CHANNELS, "bytes=0.5", objective="macs")


def test_equally_good_plans_are_shown() -> None:
    """Two layers that are alike: either may be pruned."""
    manifest = chain([8, 8, 8, 8])
    first = curves_of(manifest, ("magnitude",), (0.5,), noise=0)
    one = next(iter(first.values()))
    known = dict.fromkeys(first, one)
    goal = Goal((Target("parameters", 0.85),), between=False)
    found = solve_exactly(Slider(build_problem(manifest, known, goal)))
    assert len(found.alternatives) == 2  # which of the three is pruned


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("macs", "macs=0.5"),
        ("macs=", "macs=0.5"),
        ("macs=half", "macs=0.5"),
        ("macs=-0.5", "above 0"),
        ("speed=0.5", "Expected cost to be one that exists"),
    ],
)
def test_a_bad_target_is_one_sentence(text: str, words: str) -> None:
    with pytest.raises(BadValue, match=words):
        parse_target(text)


def test_targets_read_fractions_percent_and_units() -> None:
    assert parse_target("macs=50%") == Target("macs", 0.5)
    assert parse_target("params=1e6") == Target("parameters", 1e6, relative=False)
    assert parse_target("latency=4ms") == Target("latency", 0.004, relative=False)
    assert parse_target("drop=0.01") == Target("drop", 0.01, relative=False)
    with pytest.raises(BadValue, match="one target on macs"):
        Goal((Target("macs", 0.5), Target("macs", 0.4)))


def test_a_cost_that_is_no_polynomial_is_kept_as_a_budget() -> None:
    """A staircase: every group's units bill in blocks of four, and producers times consumers."""
    names = [group.name for group in MANIFEST.groups]

    def staircase(removed: np.ndarray) -> np.ndarray:
        total = np.array([group.units for group in MANIFEST.groups])
        kept = np.ceil((total - removed) / 4) * 4
        return 1.0 + kept[:, 0] * 3 + (kept[:, 1:] * kept[:, :-1]).sum(axis=1)

    goal = Goal((Target("latency", 0.5),))
    ready = make_solver(build_problem(MANIFEST, CHANNELS, goal, {"latency": staircase}))
    found = ready.solve()
    units = preview(MANIFEST, found.plan, CHANNELS).units
    real = staircase(np.array([[units.get(name, 0) for name in names]]))[0]
    assert found.costs["latency"] == real <= found.limits["latency"]
    assert found.gap is None
    assert found.dense["latency"] == staircase(np.zeros((1, len(names))))[0]
    every = np.array(list(product(*(range(n) for n in ready.problem.sizes))), np.intp)
    values = ready.problem.values(every)[:, 0]
    fits = staircase(ready.problem.removed(every)) <= found.limits["latency"]
    assert found.value <= 1.1 * values[fits].min()
    with pytest.raises(CannotReach, match="latency at most 0.1 %"):
        ready.solve({"latency": 0.001})


def test_a_cost_without_a_table_says_how_to_get_one() -> None:
    with pytest.raises(BadValue, match="prunescope time"):
        build_problem(MANIFEST, CHANNELS, Goal((Target("latency", 0.5),)))


def test_few_subjects_are_settled_at_once() -> None:
    slider = solved(CHANNELS, "macs=0.5", between=False)
    loose, settled = slider.solve(), solve_quickly(slider)
    assert loose.gap is not None
    assert settled.gap is not None
    assert settled.gap <= min(loose.gap, 0.01)
    assert settled.value == pytest.approx(brute(slider.problem, slider.problem.limits()))


def test_nothing_is_proven_of_what_cannot_be_added_up() -> None:
    from dataclasses import replace

    found = solved(WEIGHTS, "parameters=0.5").solve()
    assert found.gap is not None
    assert replace(found, value=math.nan).gap is None
    assert replace(found, bound=math.nan).gap is None
