"""Find the plan that does least damage within budgets: goal, problem, solvers. Torch-free."""

from analysis.planning.solve.exact import solve_exactly
from analysis.planning.solve.goal import Goal, Target, parse_target
from analysis.planning.solve.prepare import prepare
from analysis.planning.solve.problem import Problem
from analysis.planning.solve.ready import Solver, prove, quick, solver
from analysis.planning.solve.slider import Slider
from analysis.planning.solve.solution import Solution

__all__ = [
    "Goal",
    "Problem",
    "Slider",
    "Solution",
    "Solver",
    "Target",
    "parse_target",
    "prepare",
    "prove",
    "quick",
    "solve_exactly",
    "solver",
]
