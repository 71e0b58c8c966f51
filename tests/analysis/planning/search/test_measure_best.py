"""Plans that were measured: the taken one is the best of them, and what they teach helps."""

from collections.abc import Mapping

import numpy as np
import pytest

from prunescope.planning.search import (
    MeasuredBest,
    MeasuredCandidates,
    look_around,
    measured_best,
    starting_plans,
)
from prunescope.planning.search.kriging import MeasuredError, corrected_judge, loss_coordinates
from prunescope.planning.solve import Goal, Problem, Target, build_problem, make_solver
from prunescope.planning.solve.plan_costs import plan_costs
from prunescope.study.plan import Choice, Plan
from tests.analysis.planning.search.test_search import MANIFEST, WEIGHTS, Coupled, posed


class Counted:
    """A truth that knows what it was asked."""

    def __init__(self, problem: Problem, strength: float) -> None:
        self.truth = Coupled(problem, strength)
        self.asked: list[str] = []

    def __call__(self, plan: Plan) -> Mapping[str, float]:
        self.asked.append(plan.digest)
        return self.truth(plan)


def tried(
    problem: Problem, measure: Counted, judged: Coupled, count: int
) -> tuple[MeasuredBest, ...]:
    begin = starting_plans(problem, make_solver(problem).solve())
    found = look_around(problem, begin, judged, evaluations=20_000)
    return measured_best(problem, found, begin, judged, measure, count, evaluations=20_000)


@pytest.mark.parametrize("units", [False, True])
def test_the_best_measured_plan_beats_what_a_wrong_judge_found(units: bool) -> None:
    problem = posed(units)
    measure, judged = Counted(problem, 4.0), Coupled(problem, 0.0)
    plans = tried(problem, measure, judged, 8)
    assert len(plans) == len(measure.asked) == len(set(measure.asked)) <= 8
    values = [each.objective for each in plans]
    assert values == sorted(values)
    for each in plans:
        assert measure.truth(each.proposal.plan)["divergence"] == pytest.approx(each.objective)
        (cost,) = plan_costs(problem, each.proposal.plan).values()
        assert cost <= 0.5 * problem.dense[1]
        assert each.kept
    at = {digest: place for place, digest in enumerate(measure.asked)}
    before = [e.objective for e in plans if at[e.proposal.plan.digest] < 4]
    assert values[0] < min(before)  # what was learnt found a better one
    assert plans[0].proposal.start in {"solver", "uniform", "erk", "equal-drop"}
    begin = starting_plans(problem, make_solver(problem).solve())
    for each in plans:
        start = begin[each.proposal.start]
        assert each.own == (each.proposal.plan.digest == start.digest)


def test_as_many_are_measured_as_asked_though_few_starts_are_worth_it() -> None:
    problem = posed()
    measure, judged = Counted(problem, 1.0), Coupled(problem, 1.0)
    begin = {"uniform": starting_plans(problem, make_solver(problem).solve())["uniform"]}
    found = look_around(problem, begin, judged, evaluations=5_000)
    assert len(found.proposals) > 6
    plans = measured_best(problem, found, begin, judged, measure, 6, evaluations=600)
    assert len(plans) == 6


def test_without_a_prediction_the_starts_are_measured() -> None:
    problem = posed()
    measure = Counted(problem, 1.0)
    begin = starting_plans(problem, make_solver(problem).solve())
    blind = lambda _: {"divergence": float("nan")}  # noqa: E731
    found = look_around(problem, begin, blind)
    plans = measured_best(problem, found, begin, blind, measure, 8)
    assert set(measure.asked) == {plan.digest for plan in begin.values()}
    assert plans[0].objective == min(
        measure.truth(plan)["divergence"] for plan in begin.values()
    )  # fmt: skip


def test_limits_on_damages_count_as_measured() -> None:
    goal = Goal((Target("drop", 0.1),), objective="parameters")
    problem = build_problem(MANIFEST, WEIGHTS, goal)

    def half(plan: Plan) -> Mapping[str, float]:
        loss = 0.15 * sum(choice.sparsity for choice in plan.active().values())
        return {"drop": loss, "divergence": loss, "cross-entropy": loss}

    def half_of_half(plan: Plan) -> Mapping[str, float]:
        return {name: value / 2 for name, value in half(plan).items()}

    small, large = (
        Plan("p", MANIFEST.fingerprint, {"conv1": Choice("magnitude", value)})
        for value in (0.25, 0.9)
    )
    begin = {"small": small, "large": large}
    found = look_around(problem, begin, half_of_half, evaluations=0)
    assert {each.plan.digest for each in found.proposals} == {small.digest, large.digest}
    plans = measured_best(problem, found, begin, half_of_half, half, 2, evaluations=0)
    assert plans[0].proposal.plan.digest == small.digest
    assert plans[0].kept
    assert not plans[-1].kept
    assert plans[-1].over == pytest.approx(0.15 * 0.9 / 0.1 - 1)


def test_where_no_plan_keeps_a_limit_the_nearest_is_taken() -> None:
    """Not the one with the least objective, which is the furthest off here."""
    problem = build_problem(
        MANIFEST, WEIGHTS, Goal((Target("drop", 0.01),), objective="parameters")
    )

    def lost(plan: Plan) -> Mapping[str, float]:
        loss = sum(choice.sparsity for choice in plan.active().values())
        return {"drop": loss, "divergence": loss, "cross-entropy": loss}

    begin = {
        name: Plan("p", MANIFEST.fingerprint, {"conv1": Choice("magnitude", value)})
        for name, value in {"small": 0.25, "large": 0.9}.items()
    }
    found = look_around(problem, begin, lost, evaluations=0)
    best, other = measured_best(problem, found, begin, lost, lost, 2, evaluations=0)
    assert best.proposal.start == "small"
    assert best.objective > other.objective
    half_of_half = MeasuredCandidates("parameters", (best, other)).describe(
        "Parameters", "{:.0f}".format
    )
    assert "the least of 2 plans: small's plan. Behind it: large's plan" in half_of_half
    assert half_of_half.endswith("None keeps all targets when measured; this one comes nearest.")


def test_lessons_correct_where_they_were_learnt_and_nothing_at_dense() -> None:
    problem = posed()
    judged, truth = Coupled(problem, 0.0), Coupled(problem, 3.0)
    assert corrected_judge(judged, loss_coordinates(problem), ()) is judged
    made = np.random.default_rng(0)
    plans = [
        Plan("p", MANIFEST.fingerprint, {
            subject.name: Choice("magnitude", float(made.uniform(0.2, 0.85)))
            for subject in problem.subjects
        })
        for _ in range(8)
    ]  # fmt: skip
    lessons = [MeasuredError(plan, judged(plan), truth(plan)) for plan in plans[:6]]
    corrected = corrected_judge(judged, loss_coordinates(problem), lessons)
    for plan in plans:
        real, said, now = (
            each(plan)["divergence"] for each in (truth, judged, corrected)
        )  # fmt: skip
        assert abs(np.log(now / real)) < 0.5 * abs(np.log(said / real))
    assert corrected(Plan("p", MANIFEST.fingerprint))["divergence"] == 0
