"""A search by whole plans: never worse than where it began, never over a budget, what was asked."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from benchmarks._paper import chain, curves_of
from prunescope.planning.pose_goal import PosedGoal
from prunescope.planning.prediction import LogitOperators, Record
from prunescope.planning.prediction.predict import predict
from prunescope.planning.search import (
    distinct_proposals,
    improve,
    judge,
    look_around,
    starting_plans,
)
from prunescope.planning.search.descent import PlanProposal
from prunescope.planning.search.starting_plans import extrapolation_note
from prunescope.planning.solve import Goal, Problem, Target, build_problem, make_solver
from prunescope.planning.solve.damages import curve_key, damages_at
from prunescope.planning.solve.plan_costs import plan_costs
from prunescope.study.plan import Choice, Plan
from tests.analysis.planning.prediction.invented_study import InventedStudy, random_logits

MANIFEST = chain([3, 16, 32, 16, 10])
SPARSITIES = (0.25, 0.5, 0.75, 0.9)
WEIGHTS = curves_of(MANIFEST, ("magnitude", "taylor"), SPARSITIES)
CHANNELS = curves_of(MANIFEST, ("l1", "taylor"), SPARSITIES, granularity="channel")


def posed(units: bool = False, **changes: object) -> Problem:
    target = Target("macs" if units else "parameters", 0.5)
    return build_problem(MANIFEST, CHANNELS if units else WEIGHTS, Goal((target,), **changes))  # type: ignore[arg-type]


class Coupled:
    """A truth that sums cannot tell: neighbours that are both pruned lose more than their sum."""

    def __init__(self, problem: Problem, strength: float) -> None:
        self.problem, self.strength = problem, strength

    def __call__(self, plan: Plan) -> Mapping[str, float]:
        alone = []
        for subject in self.problem.subjects:
            choice = subject.choice_in(plan)
            curve = choice and self.problem.curves[curve_key(subject.name, choice, Goal())]
            alone.append(damages_at(curve, choice.sparsity)["divergence"] if choice else 0.0)
        both = sum(np.sqrt(a * b) for a, b in pairwise(alone))
        return {"divergence": sum(alone) + self.strength * float(both)}


@pytest.mark.parametrize("units", [False, True])
def test_it_finds_what_sums_cannot_see_within_the_budget(units: bool) -> None:
    problem = posed(units)
    truth = Coupled(problem, 3.0)
    solution = make_solver(problem).solve()
    begin = starting_plans(problem, solution)
    assert {"solver", "uniform", "erk"} <= begin.keys()
    found = look_around(problem, begin, truth, evaluations=20_000)
    values = [each.predicted for each in found.proposals]
    assert values == sorted(values)
    assert found.ended
    assert values[0] < 0.98 * min(found.starts.values())
    for each in found.proposals:
        assert truth(each.plan)["divergence"] == pytest.approx(each.predicted)
        (cost,) = plan_costs(problem, each.plan).values()
        assert cost <= 0.5 * problem.dense[1]


def test_a_start_past_what_was_measured_is_named() -> None:
    problem = posed()
    begin = starting_plans(problem, make_solver(problem).solve())
    assert extrapolation_note(problem, begin) is None
    far = build_problem(MANIFEST, WEIGHTS, Goal((Target("parameters", 0.095),)))
    begin = {
        name: Plan(name, MANIFEST.fingerprint, {"conv1": Choice("magnitude", value)})
        for name, value in {"solver": 0.9, "uniform": 0.95, "lamp": 0.99}.items()
    }
    assert extrapolation_note(far, begin) == (
        "The uniform rule's and LAMP's plans prune conv1 further than was measured, where "
        "what is lost is a guess."
    )


def test_where_sums_are_the_truth_the_solver_is_as_good() -> None:
    problem = posed()
    truth = Coupled(problem, 0.0)
    solution = make_solver(problem).solve()
    found = look_around(problem, {"solver": solution.plan}, truth, evaluations=20_000)
    assert found.proposals[0].predicted <= solution.value * (1 + 1e-9)
    assert found.proposals[0].predicted >= 0.9 * solution.value  # its grid was fine enough


@pytest.mark.parametrize("units", [False, True])
def test_locks_bounds_exclusions_and_rounding_hold(units: bool) -> None:
    criterion, granularity = ("l1", "channel") if units else ("magnitude", "weight")
    lock = Choice(criterion, 0.5, granularity, locked=True)
    problem = posed(
        units, locks={"conv1": lock}, excluded=("conv0",), bounds={"conv2": (0.1, 0.6)},
        round_to=4,
    )  # fmt: skip
    found = look_around(
        problem,
        {"solver": make_solver(problem).solve().plan},
        Coupled(problem, 3.0),
        evaluations=20_000,
    )  # fmt: skip
    for each in found.proposals:
        assert each.plan.choices["conv1"] == lock
        assert "conv0" not in each.plan.active()
        assert 0.1 <= each.plan.choices["conv2"].sparsity <= 0.6
        if units:
            for name, choice in each.plan.active().items():
                total = MANIFEST.group(name).units
                assert round(total * (1 - choice.sparsity)) % 4 == 0


def test_time_ends_it_with_what_was_seen() -> None:
    problem = posed()
    plan = make_solver(problem).solve().plan
    found = look_around(problem, {"solver": plan}, Coupled(problem, 3.0), evaluations=0)
    assert [each.plan.digest for each in found.proposals] == [plan.digest]
    assert not found.ended


def test_what_cannot_be_judged_is_left_out() -> None:
    problem = posed()
    plan = make_solver(problem).solve().plan
    found = look_around(problem, {"solver": plan}, lambda _: {"divergence": float("nan")})
    assert found.proposals == ()


def test_plans_shown_apart_differ() -> None:
    def proposal(value: float, method: str = "magnitude") -> PlanProposal:
        return PlanProposal(Plan("p", "f", {"a": Choice(method, value)}), value, "solver")

    given = [proposal(0.5), proposal(0.51), proposal(0.6), proposal(0.5, "taylor"), proposal(0.9)]
    shown = [each.plan.choices["a"] for each in distinct_proposals(given, 3)]
    assert [(each.criterion, each.sparsity) for each in shown] == [
        ("magnitude", 0.5), ("magnitude", 0.6), ("taylor", 0.5),
    ]  # fmt: skip


def invented() -> tuple[InventedStudy, LogitOperators, Record]:
    dense, targets = random_logits(0)
    operators = {}
    for place, name in enumerate("abc"):
        made = np.random.default_rng(place)
        noise = made.normal(size=dense.shape)
        for share in (0.3, 0.6, 0.9):
            operators[name, share] = dense + (1 + place) * 1.5 * share**2 * noise
    study = InventedStudy(dense, targets, operators)
    return study, LogitOperators(study.manifest, study.source), Record()


def test_the_judge_says_what_the_prediction_says() -> None:
    study, operators, record = invented()

    def predicted(plan: Plan):  # type: ignore[no-untyped-def]
        return predict(study.manifest, plan, study.curves, record, operators)

    goal = Goal((Target("parameters", 0.5),))
    problem = build_problem(study.manifest, study.curves, goal)
    both = Plan("p", "f", {"a": Choice("magnitude", 0.5), "b": Choice("magnitude", 0.6)})
    judged = judge(problem, predicted, operators, both)
    assert judged is not None
    assert judged(both)["divergence"] == pytest.approx(predicted(both).divergence)
    assert judged(Plan("p", "f"))["divergence"] == 0
    assert judge(problem, predicted, None, both) is None  # sums alone are the solver's own measure
    full = judge(
        replace(problem, kinds=("cross-entropy", "parameters")), predicted, operators, both
    )
    assert full is not None
    assert full(both)["cross-entropy"] == pytest.approx(predicted(both).entropy)

    ready = make_solver(problem)
    solution = ready.solve()
    better, found = improve(PosedGoal(ready, study.curves, predicted, operators), solution)
    assert found is not None
    assert better.predicted is not None
    assert better.predicted <= min(better.beside.values())
    assert better.costs["parameters"] <= better.limits["parameters"]
    assert better.gap is not None
    same, nothing = improve(PosedGoal(ready, study.curves, predicted), solution)
    assert same is solution
    assert nothing is None
