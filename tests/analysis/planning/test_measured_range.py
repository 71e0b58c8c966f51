"""No plan leaves what was measured, unless somebody asks; and then it says so."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks._paper import chain, curves_of
from prunescope.api.solving import Effort, solve_goal
from prunescope.errors import CannotReach
from prunescope.planning.baselines import BASELINES
from prunescope.planning.search import look_around
from prunescope.planning.solve import Goal, Target, build_problem, make_solver
from prunescope.planning.solve.constraints import meets_constraints
from prunescope.planning.solve.measured_range import past_range
from prunescope.progress import Silent
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Choice, Plan

RULES = (None, *BASELINES)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("target", [Target("macs", 0.5), Target("parameters", 0.53)])
def test_no_solver_search_or_rule_goes_past_the_last_point(
    residual_once: Path, target: Target, rule: str | None
) -> None:
    study = StudyFolder.open(residual_once)
    try:
        solved = solve_goal(study, Goal((target,)), Silent(), effort=Effort(rule=rule))
    except CannotReach as error:
        assert rule is not None
        assert "within what was measured" in str(error)
        return
    assert solved.plan.active()
    assert solved.prediction.missing == ()
    assert max(choice.sparsity for choice in solved.choices.values()) <= 0.5
    for each in solved.recoveries:
        assert each.prediction is None or each.prediction.missing == ()


def test_what_cannot_be_met_says_by_how_much_and_what_to_measure(
    prunescope, residual_study
) -> None:
    arguments = ("plan", residual_study, "--target", "macs=0.25")
    said = prunescope.refused(*arguments)
    assert "% too much" in said
    line = said.partition("Measure further: prunescope ")[2].partition(";")[0]
    assert "--methods l1@channel --sparsities 0.6,0.7" in line
    assert prunescope(*line.replace("STUDY", str(residual_study)).split(), "--json").code == 0
    found = prunescope(*arguments, "--no-around", "--json").json
    assert found["beyond"] == {}
    assert found["costs"]["macs"] <= found["limits"]["macs"]


def test_past_the_range_is_asked_for_and_called_a_guess(prunescope, residual_study) -> None:
    arguments = ("plan", residual_study, "--target", "macs=0.25", "--extrapolate")
    found = prunescope(*arguments, "--json").json
    past = {name for name, choice in found["plan"]["choices"].items() if choice["sparsity"] > 0.5}
    assert past
    why = {each["subject"]: each["why"] for each in found["reasons"] if each["grouped"]}
    for name in past:
        assert why[name].startswith("Past 0.5") or "costs" in why[name]
    assert any(why[name].startswith("Past 0.5") for name in past)


MANIFEST = chain([3, 16, 32, 16, 10])
CURVES = curves_of(MANIFEST, ("magnitude",), (0.1, 0.25, 0.5))


def test_a_search_from_a_plan_past_the_range_does_not_take_it() -> None:
    """Damage there is taken as the last point's, so that it looks free."""
    problem = build_problem(MANIFEST, CURVES, Goal((Target("parameters", 0.6),)))
    past = Plan("p", MANIFEST.fingerprint, {"conv2": Choice("magnitude", 0.95)})
    assert past_range(problem, past) == ["conv2"]
    assert not meets_constraints(problem, past)
    assert meets_constraints(replace(problem, goal=replace(problem.goal, extrapolate=True)), past)
    found = look_around(problem, {"rule": past}, lambda _: {"divergence": 0.0})
    assert found.proposals == ()
    locked = replace(problem.goal, locks={"conv2": Choice("magnitude", 0.95, locked=True)})
    held = build_problem(MANIFEST, CURVES, locked)
    assert meets_constraints(held, make_solver(held).solve().plan)


def test_damage_past_the_range_has_its_price() -> None:
    """Asked to go past, a solver pays for it: it prefers what was measured as long as it can."""
    goal = Goal((Target("parameters", 0.6),), extrapolate=True)
    inside = make_solver(build_problem(MANIFEST, CURVES, replace(goal, extrapolate=False))).solve()
    free = make_solver(build_problem(MANIFEST, CURVES, goal)).solve()
    assert free.value <= inside.value * (1 + 1e-9)
    assert max(choice.sparsity for choice in free.plan.choices.values()) < 0.9
