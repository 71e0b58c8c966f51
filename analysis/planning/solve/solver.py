"""Choose the solver for a problem, quick or with proof, whatever kinds of costs it has."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from prunescope.planning.solve.integer_program import TIME, solve_exactly
from prunescope.planning.solve.nonlinear_budgets import NonlinearSolver
from prunescope.planning.solve.problem import Problem
from prunescope.planning.solve.slider import Slider
from prunescope.planning.solve.solution import Solution

_FEW: Final = 80
"""With at most this many options in all, a problem with a loose bound is solved exactly."""

_LOOSE: Final = 0.01
_BRANCHES: Final = 2_000
_PATIENCE: Final = 60.0
"""What the exact solution may take there: hundredths of a second. The time is for a machine that
stands still."""

Solver = Slider | NonlinearSolver
"""A problem ready to be solved for any limits by its ``solve``."""


def make_solver(problem: Problem) -> Solver:
    """Return ``problem`` ready to be solved while a slider moves."""
    return NonlinearSolver(problem) if problem.nonlinear_costs else Slider(problem)


def solve_quickly(
    solver: Solver, overrides: Mapping[str, float] | None = None, name: str = "solved"
) -> Solution:
    """Return the best plan found while a slider moves.

    With few subjects only few plans come near a budget, so that multipliers give a loose bound;
    there the exact solver is run too, which takes a few hundredths of a second.
    """
    solution = solver.solve(overrides, name)
    few = sum(solver.problem.sizes) <= _FEW
    if not isinstance(solver, Slider) or not few or (solution.gap or 0.0) <= _LOOSE:
        return solution
    proven = solve_exactly(solver, overrides, name, _PATIENCE, False, _BRANCHES)
    better = proven.exact or proven.value < solution.value
    return replace(proven, alternatives=solution.alternatives) if better else solution


def solve_with_proof(
    solver: Solver,
    overrides: Mapping[str, float] | None = None,
    name: str = "solved",
    seconds: float = TIME,
) -> Solution:
    """Return the best plan with proof, where the costs allow one; else the best that was found."""
    if isinstance(solver, Slider):
        return solve_exactly(solver, overrides, name, seconds)
    return solver.solve(overrides, name)
