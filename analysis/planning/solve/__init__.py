"""Find the plan that does least damage within budgets: goal, problem, solvers. Torch-free."""

from prunescope.planning.solve.build_problem import build_problem
from prunescope.planning.solve.goal import Goal, Target, parse_target
from prunescope.planning.solve.integer_program import solve_exactly
from prunescope.planning.solve.problem import Problem
from prunescope.planning.solve.slider import Slider
from prunescope.planning.solve.solution import Solution
from prunescope.planning.solve.solver import Solver, make_solver, solve_quickly, solve_with_proof

__all__ = [
    "Goal",
    "Problem",
    "Slider",
    "Solution",
    "Solver",
    "Target",
    "build_problem",
    "make_solver",
    "parse_target",
    "solve_exactly",
    "solve_quickly",
    "solve_with_proof",
]
