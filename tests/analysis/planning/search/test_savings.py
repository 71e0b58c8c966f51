"""Nothing is removed for nothing: every choice of a plan lowers a cost that is asked for."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from benchmarks._paper import chain, curves_of
from prunescope.arrays import Floats
from prunescope.planning.search import look_around
from prunescope.planning.solve import Goal, Problem, Target, build_problem, make_solver
from prunescope.planning.solve.savings import Savings
from prunescope.study.plan import Choice, Plan

pytestmark = pytest.mark.quick

MANIFEST = chain([3, 16, 32, 16, 10])
SPARSITIES = (0.25, 0.5, 0.75)
BOTH = curves_of(MANIFEST, ("magnitude",), SPARSITIES) | curves_of(
    MANIFEST, ("l1",), SPARSITIES, granularity="channel"
)


def lucky(problem: Problem, plan: Plan) -> Mapping[str, float]:
    """Weights that are zeroed are predicted to make the network better, as noise can."""
    zeroed = sum(choice.granularity == "weight" for choice in plan.active().values())
    units = sum(c.sparsity**2 for c in plan.active().values() if c.granularity == "channel")
    return {"divergence": 1.0 + units - 0.1 * zeroed}


@pytest.mark.parametrize("kind", ["macs", "bytes", "stored"])
def test_weights_are_not_zeroed_where_zeros_save_nothing(kind: str) -> None:
    problem = build_problem(MANIFEST, BOTH, Goal((Target(kind, 0.7),)))
    start = make_solver(problem).solve().plan
    found = look_around(problem, {"solver": start}, lambda plan: lucky(problem, plan))
    assert found.ended
    for each in found.proposals:
        assert all(choice.granularity == "channel" for choice in each.plan.active().values())


def test_where_zeros_save_they_are_taken() -> None:
    problem = build_problem(MANIFEST, BOTH, Goal((Target("parameters", 0.7),)))
    start = make_solver(problem).solve().plan
    found = look_around(problem, {"solver": start}, lambda plan: lucky(problem, plan))
    best = found.proposals[0].plan.active().values()
    assert any(choice.granularity == "weight" for choice in best)


def test_units_that_save_no_time_are_left_in() -> None:
    """Only the first group's units cost time; a lock stays whatever it saves."""

    def seconds(removed: Floats) -> Floats:
        cost: Floats = 1.0 - 0.02 * removed[:, 0]
        return cost

    goal = Goal((Target("latency", 0.9),))
    problem = build_problem(MANIFEST, BOTH, goal, {"latency": seconds})
    names = [group.name for group in MANIFEST.groups]
    plan = Plan(
        "p", MANIFEST.fingerprint, {name: Choice("l1", 0.5, "channel") for name in names[:2]}
    )
    assert set(Savings(problem).without_idle(plan).active()) == {names[0]}
    held = replace(problem, goal=replace(goal, locks={names[1]: plan.choices[names[1]]}))
    assert set(Savings(held).without_idle(plan).active()) == set(names[:2])
    assert np.isclose(seconds(np.array([[8.0, 0.0]]))[0], 0.84)
