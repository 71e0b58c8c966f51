"""The same question has the same answer, whatever was asked before and however fast it went."""

from pathlib import Path

import pytest

import prunescope as ps
from prunescope.planning.solve import Goal, Target, make_solver
from prunescope.planning.solve.slider import Slider
from prunescope.planning.solve.solution import TIME_DECIDED
from tests.analysis.planning.search.test_search import posed


@pytest.mark.parametrize("units", [False, True])
def test_a_slider_gives_the_same_plan_whatever_it_went_through(units: bool) -> None:
    problem, kind = posed(units), "macs" if units else "parameters"
    fresh = {share: Slider(problem).solve({kind: share}) for share in (0.4, 0.55, 0.7)}
    moved = Slider(problem)
    for share in (0.9, 0.7, 0.45, 0.5, 0.55, 0.6, 0.4, 0.7, 0.55):
        found = moved.solve({kind: share})
        if share in fresh:
            assert found.plan == fresh[share].plan
            assert found.value == fresh[share].value
            assert found.bound == fresh[share].bound


def test_two_solves_of_a_study_give_one_plan(residual_once: Path) -> None:
    one, two = (
        ps.open(residual_once).solve(macs=0.55, recovery="ls", evaluations=150) for _ in range(2)
    )
    assert one.plan == two.plan
    assert [each.plan for each in one.recoveries] == [each.plan for each in two.recoveries]
    assert one.solution is not None
    assert TIME_DECIDED not in one.solution.notes


def test_the_same_command_prints_the_same_plan(prunescope, residual_study) -> None:
    arguments = ("plan", residual_study, "--target", "macs=0.6", "--evaluations", "120")
    assert prunescope(*arguments).out == prunescope(*arguments).out
    first, second = (prunescope(*arguments, "--json").json for _ in range(2))
    assert first["digest"] == second["digest"]


def test_where_time_decided_the_result_says_so(prunescope, residual_study) -> None:
    arguments = ("plan", residual_study, "--target", "macs=0.6", "--json")
    assert TIME_DECIDED in prunescope(*arguments, "--seconds", "0.000001").json["notes"]
    assert TIME_DECIDED not in prunescope(*arguments).json["notes"]


@pytest.mark.parametrize("seconds", ["-1", "0", "nan"])
def test_no_time_is_no_limit(prunescope, residual_study, seconds: str) -> None:
    said = prunescope.refused("plan", residual_study, "--target", "macs=0.6", "--seconds", seconds)
    assert "time to spend" in said
    assert "number of plans to evaluate" in prunescope.refused(
        "plan", residual_study, "--target", "macs=0.6", "--evaluations", "0"
    )


def test_a_solver_made_twice_gives_one_plan() -> None:
    goal = Goal((Target("parameters", 0.5),))
    assert goal == posed().goal
    assert make_solver(posed()).solve().plan == make_solver(posed()).solve().plan
