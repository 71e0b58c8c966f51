"""One way to solve any problem, whatever its costs are made of."""

from collections.abc import Mapping

from analysis.planning.solve.boxed import Boxed
from analysis.planning.solve.exact import TIME, solve_exactly
from analysis.planning.solve.problem import Problem
from analysis.planning.solve.slider import Slider
from analysis.planning.solve.solution import Solution

Solver = Slider | Boxed
"""A problem ready to be solved for any limits by its ``solve``."""


def solver(problem: Problem) -> Solver:
    """Return ``problem`` ready to be solved while a slider moves."""
    return Boxed(problem) if problem.boxes else Slider(problem)


def prove(
    ready: Solver,
    given: Mapping[str, float] | None = None,
    name: str = "solved",
    seconds: float = TIME,
) -> Solution:
    """Return the best plan with proof, where the costs allow one; else the best that was found."""
    if isinstance(ready, Slider):
        return solve_exactly(ready, given, name, seconds)
    return ready.solve(given, name)
