"""Baselines keep every budget, prune no more than they must, and are what their papers say."""

import numpy as np
import pytest

from analysis.errors import BadValue, CannotReach, UnknownName
from analysis.planning.baselines import BASELINES, baseline
from analysis.planning.plan import Choice
from analysis.planning.preview import preview
from analysis.planning.solve import Goal, Problem, Target, prepare
from analysis.planning.solve.costs import plan_costs
from benchmarks._paper import chain, curves_of

MANIFEST = chain([3, 16, 32, 16, 10])
SPARSITIES = (0.25, 0.5, 0.75, 0.9)
WEIGHTS = curves_of(MANIFEST, ("magnitude", "taylor"), SPARSITIES)
CHANNELS = curves_of(MANIFEST, ("l1", "taylor"), SPARSITIES, granularity="channel")
STEPS = np.linspace(0, 1, 513)
LEVELS = {layer.name: STEPS * (2 + place) for place, layer in enumerate(MANIFEST.prunable())}


def problem(*targets: Target, units: bool = False, **changes: object) -> Problem:
    goal = Goal(targets, **changes)  # type: ignore[arg-type]
    return prepare(MANIFEST, CHANNELS if units else WEIGHTS, goal)


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
