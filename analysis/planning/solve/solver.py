"""One way to solve any problem, whatever its costs are made of."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from prunescope.planning.solve.integer_program import TIME, solve_exactly
from prunescope.planning.solve.nonlinear_budgets import NonlinearSolver
from prunescope.planning.solve.problem import Problem
from prunescope.planning.solve.slider import Slider
from prunescope.planning.solve.solution import Solution

_FEW: Final = 80
"""Options in all of a problem that is solved exactly where its bound is loose."""

_LOOSE: Final = 0.01
_MOMENT: Final = 0.5
"""Seconds that may take."""

Solver = Slider | NonlinearSolver
"""A problem ready to be solved for any limits by its ``solve``."""


def make_solver(problem: Problem) -> Solver:
    """Return ``problem`` ready to be solved while a slider moves."""
    return NonlinearSolver(problem) if problem.boxes else Slider(problem)


def solve_quickly(
    ready: Solver, given: Mapping[str, float] | None = None, name: str = "solved"
) -> Solution:
    """Return the best plan found while a slider moves.

    With few subjects only few plans come near a budget, so that multipliers prove little; there
    the exact solver takes a few hundredths of a second more, and settles it.
    """
    found = ready.solve(given, name)
    few = sum(ready.problem.sizes) <= _FEW
    if not isinstance(ready, Slider) or not few or (found.gap or 0.0) <= _LOOSE:
        return found
    proven = solve_exactly(ready, given, name, _MOMENT, alternatives=False)
    better = proven.exact or proven.value < found.value
    return replace(proven, alternatives=found.alternatives) if better else found


def solve_with_proof(
    ready: Solver,
    given: Mapping[str, float] | None = None,
    name: str = "solved",
    seconds: float = TIME,
) -> Solution:
    """Return the best plan with proof, where the costs allow one; else the best that was found."""
    if isinstance(ready, Slider):
        return solve_exactly(ready, given, name, seconds)
    return ready.solve(given, name)
