"""A least sparsity of a name that is a layer and a group: either may meet it, and one does."""

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from benchmarks._paper import chain, curves_of
from prunescope.curves.curve import Curves
from prunescope.errors import BadValue, CannotReach
from prunescope.planning.solve import (
    Goal,
    Problem,
    Slider,
    Target,
    build_problem,
    make_solver,
    solve_exactly,
)
from prunescope.planning.solve.constraints import meets_constraints
from prunescope.study.plan import Choice, Plan
from tests.analysis.planning.solve.random_curves import brute, measured

pytestmark = pytest.mark.quick

MANIFEST = chain([3, 8, 12, 8, 10])
WEIGHTS = measured(MANIFEST, "weight", 1)
CHANNELS = measured(MANIFEST, "channel", 1)
BOTH = {**WEIGHTS, **CHANNELS}
SHORT = curves_of(MANIFEST, ("magnitude",), (0.25, 0.4))
FEW = {key: curve for key, curve in WEIGHTS.items() if key.subject != "conv1"}


def posed(known: Curves, bounds: dict[str, tuple[float, float]], limit: float = 0.6,
          kind: str = "parameters", **changes: object) -> Problem:  # fmt: skip
    goal = Goal((Target(kind, limit),), bounds=bounds, **changes)  # type: ignore[arg-type]
    return build_problem(MANIFEST, known, goal)


def pruned(plan: Plan) -> dict[str, str]:
    return {name: choice.granularity for name, choice in plan.active().items()}


@pytest.mark.parametrize("limit", [0.3, 0.6, 0.95])
def test_a_bound_on_both_is_met_by_one(limit: float) -> None:
    """It had been asked of both, which exclude each other, so that nothing could be had."""
    problem = posed(BOTH, {"conv1": (0.3, 0.9)}, limit)
    for found in (Slider(problem).solve(), solve_exactly(Slider(problem))):
        assert 0.3 <= found.plan.choices["conv1"].sparsity <= 0.9
        assert meets_constraints(problem, found.plan)


@pytest.mark.parametrize(("kind", "granularity"), [("nonzero-macs", None), ("macs", "channel")])
def test_what_the_budget_needs_decides_which_of_the_two(kind: str, granularity: str | None) -> None:
    plan = Slider(posed(BOTH, {"conv1": (0.3, 1.0)}, 0.5, kind)).solve().plan
    assert granularity is None or pruned(plan)["conv1"] == granularity


def test_only_the_one_that_can_meet_it_must() -> None:
    problem = posed({**SHORT, **CHANNELS}, {"conv1": (0.6, 1.0)}, 0.8)
    assert pruned(Slider(problem).solve().plan)["conv1"] == "channel"
    few = {key: curve for key, curve in CHANNELS.items() if key.subject != "conv1"}
    problem = posed({**WEIGHTS, **few}, {"conv1": (0.6, 1.0)}, 0.8)
    assert pruned(Slider(problem).solve().plan)["conv1"] == "weight"


@pytest.mark.parametrize("known", [SHORT, FEW])
def test_a_bound_that_nothing_meets_is_refused(known: Curves) -> None:
    with pytest.raises(BadValue, match="measured sparsity of conv1 within its bounds 0.8 to 1"):
        posed(known, {"conv1": (0.8, 1.0)})


def test_bounds_that_ask_for_one_weight_twice_are_refused() -> None:
    """The last layer is no group, and its weight has the units of conv2 on its inputs."""
    lock = Choice("taylor", 0.5, "channel", locked=True)
    with pytest.raises(BadValue, match="least sparsities of conv3 ask for weights and units"):
        posed(BOTH, {"conv3": (0.3, 1.0)}, locks={"conv2": lock})
    posed(BOTH, {"conv1": (0.3, 1.0)}, locks={"conv2": lock})


def test_a_lock_meets_the_bound_of_its_name() -> None:
    lock = Choice("magnitude", 0.5, locked=True)
    problem = posed(BOTH, {"conv1": (0.3, 1.0)}, locks={"conv1": lock})
    assert Slider(problem).solve().plan.choices["conv1"] == lock


def test_what_can_be_reached_is_said_with_the_bound_kept() -> None:
    problem = posed(BOTH, {"conv1": (0.25, 0.3)}, 0.5, excluded=("conv0", "conv2", "conv3"))
    slider = Slider(problem)
    reach = float(slider.dual.reach[0])
    assert brute(problem, np.array([reach])) is not None
    assert brute(problem, np.array([reach * 0.999])) is None
    with pytest.raises(CannotReach, match=f"reaches {100 * reach / problem.dense[1]:.3g} %"):
        slider.solve({"parameters": 0.1})


def test_a_cost_by_a_table_keeps_the_bound_too() -> None:
    def seconds(removed: np.ndarray) -> np.ndarray:
        return 100 - removed.sum(axis=1)

    goal = Goal((Target("latency", 0.9),), bounds={"conv1": (0.5, 1.0)})
    found = make_solver(build_problem(MANIFEST, BOTH, goal, {"latency": seconds})).solve()
    assert found.plan.choices["conv1"].sparsity >= 0.5


@given(
    st.integers(0, 50),
    st.dictionaries(st.sampled_from(["conv0", "conv1", "conv2"]), st.floats(0.1, 0.7), min_size=1),
    st.sampled_from(["parameters", "macs", "nonzero-macs"]),
    st.floats(0.2, 0.95),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_exact_is_brute_force_with_bounds_on_both(
    seed: int, least: dict[str, float], kind: str, limit: float
) -> None:
    manifest = chain([3, 8, 4, 10])
    known = measured(manifest, "both", seed)
    names = {group.name for group in manifest.removable()}
    bounds = {name: (low, 1.0) for name, low in least.items() if name in names}
    goal = Goal((Target(kind, limit),), bounds=bounds, between=False)
    try:
        problem = build_problem(manifest, known, goal)
    except BadValue:
        assume(False)
    assume(np.prod([float(size) for size in problem.sizes]) < 2e5)
    best = brute(problem, problem.limits())
    slider = Slider(problem)
    if best is None:
        with pytest.raises(CannotReach):
            solve_exactly(slider)
        return
    exact, fast = solve_exactly(slider), slider.solve()
    assert exact.exact
    assert exact.value == pytest.approx(best, rel=1e-9, abs=1e-12)
    assert fast.bound is not None
    assert fast.bound <= best + 1e-9 <= fast.value + 2e-9
    for plan in (exact.plan, fast.plan, *exact.alternatives, *fast.alternatives):
        assert meets_constraints(problem, plan)
