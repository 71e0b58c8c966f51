"""Whatever plan a search ends at, it keeps all that its goal asks."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks._paper import chain, curves_of
from prunescope.errors import PrunescopeError
from prunescope.planning.preview import preview
from prunescope.planning.search import look_around, measured_best, starting_plans
from prunescope.planning.solve import Goal, Problem, Target, build_problem, make_solver
from prunescope.planning.solve.constraints import meets_constraints
from prunescope.planning.solve.damages import curve_key, damages_at
from prunescope.planning.solve.plan_costs import plan_costs
from prunescope.study import Method
from prunescope.study.plan import Choice, Plan
from tests.analysis.planning.search.test_search import MANIFEST, WEIGHTS, posed

pytestmark = pytest.mark.quick

NETWORK = chain([3, 12, 20, 16, 10], positions=4)
SPARSITIES = (0.25, 0.5, 0.75, 0.9)
KNOWN = {
    "weight": curves_of(NETWORK, ("magnitude", "taylor"), SPARSITIES)
    | curves_of(NETWORK, ("magnitude",), (0.5,), granularity="2:4"),
    "channel": curves_of(NETWORK, ("l1", "taylor"), SPARSITIES, granularity="channel"),
}
KNOWN["both"] = {**KNOWN["weight"], **KNOWN["channel"]}
STEPS = np.linspace(0, 1, 65)
LEVELS = {
    score: {layer.name: STEPS * (2 + place) for place, layer in enumerate(NETWORK.prunable())}
    for score in ("magnitude", "lamp")
}
PATTERN = Method("magnitude", "2:4")
METHODS = {
    "weight": [Method("magnitude"), Method("taylor"), PATTERN],
    "channel": [Method("l1", "channel"), Method("taylor", "channel")],
}
METHODS["both"] = [*METHODS["channel"], *METHODS["weight"]]


def judged(problem: Problem, plan: Plan) -> Mapping[str, float]:
    """Neighbours that are both pruned lose more than their sum; NaN past what was measured."""
    alone = []
    for subject in problem.subjects:
        choice = subject.choice_in(plan)
        key = choice and curve_key(subject.name, choice, problem.goal)
        curve = problem.curves.get(key) if key else None
        alone.append(damages_at(curve, choice.sparsity)["divergence"] if choice else 0.0)
    both = sum(float(np.sqrt(a * b)) for a, b in pairwise(alone))
    return {"divergence": sum(alone) + 2 * both}


@st.composite
def goals(draw: st.DrawFn, kind: str) -> Goal:
    """Locks, bounds and exclusions of different subjects, some methods, a multiple, a budget."""
    names = draw(st.permutations(["conv0", "conv1", "conv2"]))
    methods = draw(st.lists(st.sampled_from(METHODS[kind]), max_size=2, unique=True))
    locks, bounds, excluded = {}, {}, ()
    if draw(st.booleans()):
        method = draw(st.sampled_from([each for each in METHODS[kind] if each != PATTERN]))
        lock = Choice(method.criterion, draw(st.sampled_from([0.0, 0.3, 0.5])), method.granularity)
        locks[names[0]] = lock
    if draw(st.booleans()):
        ends = draw(st.tuples(st.floats(0, 0.6), st.floats(0.05, 1.0)))
        bounds[names[1]] = (min(ends), max(ends))
    if draw(st.booleans()):
        excluded = (names[2],)
    target = Target("macs" if kind == "channel" else "parameters", draw(st.floats(0.3, 0.9)))
    return Goal(
        (target,), locks=locks, bounds=bounds, excluded=excluded, methods=tuple(methods),
        round_to=draw(st.sampled_from([1, 4, 8])),
    )  # fmt: skip


def check(problem: Problem, plan: Plan) -> None:
    """Every wish of the goal by itself, as a user would read it."""
    goal, active = problem.goal, plan.active()
    gone = preview(NETWORK, plan, problem.curves).units
    for name, choice in active.items():
        if name in goal.locks:
            continue
        assert name not in goal.excluded
        assert not goal.methods or choice.method in goal.methods
        if choice.granularity == "2:4":
            assert choice.sparsity == 0.5
        if choice.granularity == "channel":
            assert not gone[name] or (NETWORK.group(name).units - gone[name]) % goal.round_to == 0
    for name, (low, high) in goal.bounds.items():
        choice_of = active.get(name)
        real = choice_of.sparsity if choice_of else 0.0
        if choice_of and choice_of.granularity == "channel":
            real = gone[name] / NETWORK.group(name).units
        assert low - 1e-4 <= real <= high + 1e-4
    for name, lock in goal.locks.items():
        found = plan.choices[name]
        assert found.sparsity == lock.sparsity
        assert found.method == lock.method
    (cost,) = plan_costs(problem, plan).values()
    assert cost <= float(problem.limits()[0]) * (1 + 1e-9)


@given(st.sampled_from(["weight", "channel", "both"]), st.data())
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_plan_of_a_search_keeps_the_goal(kind: str, data: st.DataObject) -> None:
    goal = data.draw(goals(kind))
    try:
        problem = build_problem(NETWORK, KNOWN[kind], goal)
        solution = make_solver(problem).solve()
    except PrunescopeError:
        return

    def judge(plan: Plan) -> Mapping[str, float]:
        return judged(problem, plan)

    begin = starting_plans(problem, solution, LEVELS)
    found = look_around(problem, begin, judge, evaluations=150)
    assert found.proposals  # the solver's own keeps the goal
    tried = measured_best(problem, found, begin, judge, judge, 4, evaluations=100)
    plans = [*begin.values(), *(each.plan for each in found.proposals)]
    for plan in (*plans, *(each.proposal.plan for each in tried)):
        check(problem, plan)


@pytest.mark.parametrize(
    ("wish", "name", "choice"),
    [
        ({"methods": (Method("taylor"),)}, "conv1", Choice("magnitude", 0.5)),
        ({"excluded": ("conv1",)}, "conv1", Choice("magnitude", 0.5)),
        ({"bounds": {"conv1": (0.0, 0.4)}}, "conv1", Choice("magnitude", 0.5)),
        ({"bounds": {"conv1": (0.4, 1.0)}}, "conv2", Choice("magnitude", 0.5)),
        ({"locks": {"conv1": Choice("magnitude", 0.25)}}, "conv1", Choice("magnitude", 0.5)),
        ({"locks": {"conv1": Choice("taylor", 0.0)}}, "conv1", Choice("magnitude", 0.5)),
    ],
)
def test_a_start_that_breaks_a_wish_is_no_start(
    wish: dict[str, object], name: str, choice: Choice
) -> None:
    plan = Plan("p", MANIFEST.fingerprint, {name: choice})
    assert meets_constraints(posed(), plan)
    problem = posed(**wish)
    assert not meets_constraints(problem, plan)
    loose = {"parameters": 1.0}
    assert look_around(problem, {"p": plan}, lambda _: {"divergence": 0.0}, loose).proposals == ()


def test_a_lock_may_be_by_another_method() -> None:
    problem = posed(locks={"conv1": Choice("magnitude", 0.5)}, methods=(Method("taylor"),))
    plan = make_solver(problem).solve().plan
    assert meets_constraints(problem, plan)
    assert plan.choices["conv1"].criterion == "magnitude"


def test_a_group_keeps_a_multiple_or_all_of_its_units() -> None:
    problem = posed(True, round_to=8)
    for units, kept in ((0, True), (8, True), (4, False)):
        choice = Choice("l1", units / MANIFEST.group("conv0").units, "channel")
        assert (
            meets_constraints(problem, Plan("p", MANIFEST.fingerprint, {"conv0": choice})) is kept
        )


def test_what_touches_one_weight_is_not_pruned_twice() -> None:
    channels = curves_of(MANIFEST, ("l1",), SPARSITIES, granularity="channel")
    goal = Goal((Target("parameters", 0.5),))
    problem = build_problem(MANIFEST, {**WEIGHTS, **channels}, goal)
    choices = {"conv0": Choice("l1", 0.5, "channel"), "conv1": Choice("magnitude", 0.5)}
    assert not meets_constraints(problem, Plan("p", MANIFEST.fingerprint, choices))
    assert meets_constraints(problem, Plan("p", MANIFEST.fingerprint, {"conv0": choices["conv0"]}))
