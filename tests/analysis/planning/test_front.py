"""The front and the reasons of a solved plan."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks._paper import chain, curves_of
from prunescope.curves.curve import CurveKey
from prunescope.planning.explain import explain, lock_costs, nearest_assignment
from prunescope.planning.pareto import front, front_table, load_front, save_front
from prunescope.planning.pose_goal import PosedGoal, solve_posed
from prunescope.planning.prediction.predict import Prediction
from prunescope.planning.solve import Goal, Slider, Target, build_problem, parse_target
from prunescope.planning.solve.damages import damages_at
from prunescope.planning.solve.plan_costs import plan_costs
from prunescope.statistics.paired import Interval
from prunescope.study.plan import Choice, Plan
from prunescope.study.removed_counts import removed_count

MANIFEST = chain([3, 16, 32, 16, 10])
KNOWN = curves_of(MANIFEST, ("magnitude", "taylor"), (0.25, 0.5, 0.75, 0.9))


def ready(*targets: str, **changes: object) -> Slider:
    goal = Goal(tuple(map(parse_target, targets)), **changes)  # type: ignore[arg-type]
    return Slider(build_problem(MANIFEST, KNOWN, goal))


def predicted(plan: Plan) -> Prediction:
    drop = 0.01 * len(plan.active())
    return Prediction(drop, Interval(drop, drop - 0.01, drop + 0.01), None, "counted", ())


def test_a_front_rises_in_cost_and_falls_in_damage() -> None:
    found = front(ready("parameters=0.5"), predicted, points=9)
    costs = [point.cost for point in found.points]
    values = [point.value for point in found.points]
    assert costs == sorted(costs)
    assert values == sorted(values, reverse=True)
    assert len(costs) >= 7
    assert found.points[-1].value == 0
    assert found.predictor == "counted"
    for point in found.points:
        assert point.bound is not None
        assert point.bound <= point.value + 1e-12


@pytest.mark.parametrize("factor", [0.3, 3.0])
def test_a_drop_is_kept_along_the_front_by_what_is_predicted(factor: float) -> None:
    """Sums are off by a factor here: too low they would let too much leave, too high too little."""
    slider = ready("parameters=0.5", "drop=0.05")

    def off(plan: Plan) -> Prediction:
        drop = factor * sum(
            damages_at(KNOWN[CurveKey(name, choice.method)], choice.sparsity)["drop"]
            for name, choice in plan.active().items()
        )
        return Prediction(drop, Interval(drop, drop, drop), None, "off", ())

    found = front(slider, off, points=6)
    assert found.predictor == "off"
    assert len(found.points) >= 5
    for point in found.points:
        assert point.drop == pytest.approx(off(point.plan).drop)
        assert point.drop is not None
        assert point.drop <= 0.05
        assert point.bound is None
    assert found.points[0].drop is not None
    assert found.points[0].drop >= 0.9 * 0.05  # and it is used up where the cost is least


def test_a_front_is_kept_and_says_what_was_measured(tmp_path: Path) -> None:
    found = front(ready("parameters=0.5"), predicted, points=4)
    save_front(tmp_path, found)
    assert load_front(tmp_path, "parameters", "none", "paper") == found
    assert load_front(tmp_path, "parameters", "none", "other weights") is None
    assert load_front(tmp_path, "macs", "none", "paper") is None
    verified = pd.DataFrame(
        {"digest": [found.points[1].plan.digest], "split": ["validation"], "samples": [100],
         "drop_sum": [2.0]}
    )  # fmt: skip
    table = front_table(found, verified)
    assert list(table["measured"].notna()) == [False, True, False, False]
    assert table["measured"].iloc[1] == 0.02
    assert list(table["share"]) == sorted(table["share"])


def share_of(name: str, choice: Choice) -> float:
    total = MANIFEST.layer(name).parameters
    return removed_count(total, choice.sparsity) / total


def test_every_subject_has_its_reason_and_its_next_steps() -> None:
    lock = Choice("magnitude", 0.5, locked=True)
    slider = ready("parameters=0.5", locks={"conv0": lock}, excluded=("conv1",))
    solution = slider.solve()
    reasons = {reason.subject: reason for reason in explain(slider.problem, solution)}
    assert reasons["conv0"].why == "Locked by you."
    assert reasons["conv1"].why == "Excluded by you."
    for name in ("conv2", "conv3"):
        reason = reasons[name]
        choice = solution.plan.choices[name]
        assert reason.sparsity == choice.sparsity  # of the plan in force, between options or not
        for step in (reason.more, reason.less):
            if step is None:
                continue
            (other,) = {
                option.choice
                for subject in slider.problem.subjects if subject.name == name
                for option in subject.options if option.choice.sparsity == step.sparsity
            }  # fmt: skip
            before, after = (
                damages_at(KNOWN[CurveKey(name, each.method)], share_of(name, each))["divergence"]
                for each in (choice, other)
            )
            assert step.damage == pytest.approx(after - before, abs=1e-12)
            kept = [
                plan_costs(slider.problem, plan)["parameters"]
                for plan in (solution.plan, solution.plan.setting({name: other}))
            ]
            share = (kept[1] - kept[0]) / slider.problem.dense[1]
            assert step.cost == pytest.approx(share, abs=1e-12)
        assert reason.more is None or (reason.more.damage >= 0 and reason.more.cost < 0)
        assert reason.less is None or (reason.less.damage <= 0 and reason.less.cost > 0)
    assert solution.binding() == ("parameters",)


def posed(*targets: str, **changes: object) -> PosedGoal:
    return PosedGoal(ready(*targets, **changes), KNOWN, predicted)


LOCK = Choice("magnitude", 0.9, locked=True)


def test_a_lock_costs_what_solving_without_it_gains() -> None:
    free, held = ready("parameters=0.5").solve(), posed("parameters=0.5", locks={"conv0": LOCK})
    (cost,) = lock_costs(MANIFEST, held).values()
    assert cost == pytest.approx(held.solver.solve().value - free.value)
    assert cost > 0


def test_only_the_locks_that_are_named_are_priced() -> None:
    locks = {"conv0": LOCK, "conv1": Choice("taylor", 0.25, locked=True)}
    held = posed("parameters=0.5", locks=locks)
    every = lock_costs(MANIFEST, held)
    assert every.keys() == locks.keys()
    assert lock_costs(MANIFEST, held, names=["conv1"]) == {"conv1": every["conv1"]}


def test_a_lock_is_priced_at_the_limits_that_are_asked() -> None:
    """The limits that a problem was prepared with are old ones once a slider has moved."""
    held = posed("parameters=0.9", locks={"conv0": LOCK})
    (cost,) = lock_costs(MANIFEST, held, {"parameters": 0.5}).values()
    (fresh,) = lock_costs(MANIFEST, posed("parameters=0.5", locks={"conv0": LOCK})).values()
    assert cost == pytest.approx(fresh)


def test_a_lock_on_what_is_best_anyway_costs_nothing() -> None:
    free = ready("parameters=0.5", between=False).solve()
    for name, choice in free.plan.active().items():
        lock = replace(choice, locked=True)
        held = posed("parameters=0.5", between=False, locks={name: lock})
        assert lock_costs(MANIFEST, held)[name] == pytest.approx(0, abs=0.01 * free.value)


def test_a_lock_is_priced_with_the_accepted_drop_kept() -> None:
    """Both sides are solved for the predicted drop, not for the sum that stood in for it."""
    held = posed("parameters=0.5", "drop=0.05", locks={"conv0": LOCK})
    (cost,) = lock_costs(MANIFEST, held).values()
    without = posed("parameters=0.5", "drop=0.05")
    assert cost == pytest.approx(max(solve_posed(held).value - solve_posed(without).value, 0))


def test_hand_made_plans_are_near_some_options() -> None:
    problem = ready("parameters=0.5", between=False).problem
    plan = Plan("p", "paper", {"conv0": Choice("taylor", 0.45), "conv2": Choice("magnitude", 0.9)})
    chosen = nearest_assignment(problem, plan)
    values = [s.options[o].choice.sparsity for s, o in zip(problem.subjects, chosen, strict=True)]
    assert values == [0.5, 0.0, 0.9, 0.0]


def test_the_front_needs_a_cost() -> None:
    from prunescope.errors import BadValue

    problem = ready("drop=0.1", objective="parameters").problem
    with pytest.raises(BadValue, match="cost to sweep"):
        front(Slider(problem), predicted)
    assert Target("drop", 0.1) in problem.goal.targets
    assert replace(problem).kinds[0] == "parameters"
    assert np.isfinite(problem.dense).all()
