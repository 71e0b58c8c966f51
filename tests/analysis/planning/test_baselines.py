"""Baselines keep every budget, prune no more than they must, and are what their papers say."""

import numpy as np
import pytest

from benchmarks._paper import chain, curves_of
from prunescope.curves.curve import CurveKey
from prunescope.errors import BadValue, CannotReach, UnknownName
from prunescope.planning.baselines import BASELINES, baseline
from prunescope.planning.preview import preview
from prunescope.planning.solve import Goal, Problem, Target, build_problem
from prunescope.planning.solve.plan_costs import plan_costs
from prunescope.study import Method
from prunescope.study.plan import Choice

MANIFEST = chain([3, 16, 32, 16, 10])
SPARSITIES = (0.25, 0.5, 0.75, 0.9)
WEIGHTS = curves_of(MANIFEST, ("magnitude", "taylor"), SPARSITIES)
CHANNELS = curves_of(MANIFEST, ("l1", "taylor"), SPARSITIES, granularity="channel")
STEPS = np.linspace(0, 1, 513)
LEVELS = {layer.name: STEPS * (2 + place) for place, layer in enumerate(MANIFEST.prunable())}


def problem(*targets: Target, units: bool = False, **changes: object) -> Problem:
    goal = Goal(targets, **changes)  # type: ignore[arg-type]
    return build_problem(MANIFEST, CHANNELS if units else WEIGHTS, goal)


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize("units", [False, True])
@pytest.mark.parametrize("limit", [0.9, 0.5, 0.3])
def test_a_baseline_uses_its_budget_and_no_more(name: str, units: bool, limit: float) -> None:
    posed = problem(Target("macs" if units else "parameters", limit), units=units)
    plan = baseline(name, posed, LEVELS)
    (kind,) = posed.kinds[1:]
    cost, most = plan_costs(posed, plan)[kind], limit * posed.dense[1]
    assert cost <= most
    assert cost >= 0.85 * most if units else 0.99 * most  # whole units are coarse
    assert {c.granularity for c in plan.active().values()} == {"channel" if units else "weight"}


def test_uniform_is_one_sparsity() -> None:
    plan = baseline("uniform", problem(Target("parameters", 0.4)))
    assert len({choice.sparsity for choice in plan.choices.values()}) == 1
    assert {str(choice.method) for choice in plan.choices.values()} == {"magnitude"}


def test_erk_densities_are_in_its_proportion() -> None:
    plan = baseline("erk", problem(Target("parameters", 0.3)))
    density = {name: 1 - choice.sparsity for name, choice in plan.choices.items()}
    raw = {layer.name: sum(layer.shape) / layer.parameters for layer in MANIFEST.prunable()}
    ratios = [density[name] / raw[name] for name in density if density[name] < 1]
    assert len(ratios) > 1
    assert max(ratios) / min(ratios) == pytest.approx(1, abs=0.01)
    assert all(raw[name] * max(ratios) >= 0.99 for name in density if density[name] == 1)


def test_a_threshold_is_one_score() -> None:
    plan = baseline("global-magnitude", problem(Target("parameters", 0.6)), LEVELS)
    scores = {name: c.sparsity * LEVELS[name][-1] for name, c in plan.choices.items()}
    assert max(scores.values()) == pytest.approx(min(scores.values()), rel=0.01)


def test_equal_drop_is_one_drop_where_it_binds() -> None:
    posed = problem(Target("parameters", 0.5))
    plan = baseline("equal-drop", posed)
    drops = []
    for name, choice in plan.active().items():
        own = [curve for key, curve in WEIGHTS.items() if key.subject == name]
        reached = min(curve.drop_at(choice.sparsity).mean for curve in own)
        if choice.sparsity < SPARSITIES[-1]:
            drops.append(reached)
    assert len(drops) > 1
    assert max(drops) == pytest.approx(min(drops), rel=0.3)


def test_locks_exclusions_and_rounding_hold() -> None:
    lock = Choice("l1", 0.5, "channel", locked=True)
    posed = problem(
        Target("macs", 0.5), units=True, locks={"conv1": lock}, excluded=("conv0",), round_to=4
    )
    for name in ("uniform", "erk", "equal-drop"):
        plan = baseline(name, posed)
        assert plan.choices["conv1"] == lock
        assert "conv0" not in plan.active()
        for group, gone in preview(MANIFEST, plan, CHANNELS).units.items():
            assert (MANIFEST.group(group).units - gone) % 4 == 0


def test_bad_wishes_are_sentences() -> None:
    with pytest.raises(UnknownName, match="baseline"):
        baseline("unifrom", problem(Target("parameters", 0.5)))
    with pytest.raises(BadValue, match="score quantiles"):
        baseline("lamp", problem(Target("parameters", 0.5)))
    with pytest.raises(CannotReach, match="equal-drop can meet"):
        baseline("equal-drop", problem(Target("parameters", 0.01)))


@pytest.mark.parametrize("name", ["lamp", "global-magnitude"])
@pytest.mark.parametrize("units", [False, True])
def test_a_rule_by_a_score_that_may_not_be_taken_is_refused(name: str, units: bool) -> None:
    method = Method("taylor", "channel" if units else "weight")
    posed = problem(Target("macs" if units else "parameters", 0.5), units=units, methods=(method,))
    own = "l1@channel" if units else "magnitude"
    with pytest.raises(BadValue, match=f"{name} prunes by {own}. Allow {own} too, or choose"):
        baseline(name, posed, LEVELS)


@pytest.mark.parametrize("name", ["uniform", "erk", "equal-drop"])
@pytest.mark.parametrize("units", [False, True])
def test_a_rule_without_a_score_prunes_by_what_may_be_taken(name: str, units: bool) -> None:
    method = Method("taylor", "channel" if units else "weight")
    posed = problem(Target("macs" if units else "parameters", 0.5), units=units, methods=(method,))
    plan = baseline(name, posed, LEVELS)
    assert {choice.method for choice in plan.active().values()} == {method}


@pytest.mark.parametrize("name", ["uniform", "erk", "equal-drop"])
def test_a_pattern_stays_a_pattern(name: str) -> None:
    known = {**WEIGHTS, **curves_of(MANIFEST, ("magnitude",), (0.5,), granularity="2:4")}
    pattern = Method("magnitude", "2:4")
    posed = build_problem(MANIFEST, known, Goal((Target("parameters", 0.6),), methods=(pattern,)))
    chosen = baseline(name, posed).active().values()
    assert {(choice.method, choice.sparsity) for choice in chosen} == {(pattern, 0.5)}


def test_an_equal_drop_takes_a_pattern_as_a_whole_or_not() -> None:
    """A part of its drop within the limit is not enough, as there is no part of a pattern."""
    known = {
        **curves_of(MANIFEST, ("magnitude",), SPARSITIES, noise=0),
        **curves_of(MANIFEST, ("magnitude",), (0.5,), granularity="2:4", noise=0),
    }
    chosen = baseline(
        "equal-drop", build_problem(MANIFEST, known, Goal((Target("parameters", 0.8),)))
    )
    drops: dict[str, list[float]] = {"weight": [], "2:4": []}
    for name, choice in chosen.active().items():
        curve = known[CurveKey(name, choice.method)]
        drops[choice.granularity].append(curve.drop_at(choice.sparsity).mean)
    assert drops["weight"]
    assert max(drops["2:4"], default=0) <= 1.01 * max(drops["weight"])


def test_units_that_stay_are_whole_multiples_within_the_bounds() -> None:
    """To the nearest multiple, 20 units of which at most half may leave would keep 8."""
    manifest = chain([3, 20, 32, 16, 10])
    known = curves_of(manifest, ("l1",), SPARSITIES, granularity="channel")
    goal = Goal((Target("macs", 0.5),), bounds={"conv0": (0, 0.5), "conv1": (0.6, 1)}, round_to=8)
    for name in ("uniform", "erk", "equal-drop"):
        plan = baseline(name, build_problem(manifest, known, goal))
        assert plan.choices["conv0"].sparsity in (0.0, 0.2)
        assert plan.choices["conv1"].sparsity == 0.75


def test_what_bounds_leave_only_one_of_is_pruned_by_rules_too() -> None:
    """The middle layer has one measured sparsity within its bounds, so nothing is free there."""
    posed = problem(Target("parameters", 0.6), bounds={"conv1": (0.7, 0.8)}, between=False,
                    methods=(Method("magnitude"),))  # fmt: skip
    assert baseline("uniform", posed).choices["conv1"].sparsity == 0.75
    assert baseline("lamp", posed, LEVELS).choices["conv1"].sparsity == 0.75


def test_rules_leave_weights_alone_that_a_locked_group_touches() -> None:
    lock = Choice("l1", 0.5, "channel", locked=True)
    goal = Goal((Target("parameters", 0.5),), locks={"conv1": lock})
    for name in ("uniform", "erk", "equal-drop"):
        plan = baseline(name, build_problem(MANIFEST, {**WEIGHTS, **CHANNELS}, goal))
        assert plan.active().keys() == {"conv0", "conv1", "conv3"}
