"""Budgets on costs that are no polynomials, such as latency: linearised around plan after plan.

Around a plan, the cost is approximated by adding up its changes when one group changes. The best
plan by this approximation is the next one to linearise around. Whether it keeps the limits is
decided by its true cost; where that is too high, the limit on the approximation is lowered. No
bound on the best plan is proven.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from prunescope.arrays import Floats, Indices
from prunescope.errors import CannotReach
from prunescope.planning.solve.describe import describe_solution, unreachable_sentence
from prunescope.planning.solve.local_search import repair
from prunescope.planning.solve.problem import Problem
from prunescope.planning.solve.slider import Slider
from prunescope.planning.solve.solution import Solution

_ROUNDS: Final = 6
_REPAIRS: Final = 8
_MARGIN: Final = 1e-3


class NonlinearSolver:
    """A problem with such costs, ready to be solved again and again.

    Attributes:
        problem: In it those costs are proportional to the MACs.
        slider: Of ``problem``, for the first plan.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.slider = Slider(problem)

    def solve(self, overrides: Mapping[str, float] | None = None, name: str = "solved") -> Solution:
        """Return the best plan found that really keeps the limits.

        Raises:
            CannotReach: None of the plans looked at does.
        """
        limits = self.problem.limits(overrides)
        rows = [index for index, kind in enumerate(self.problem.kinds) if kind in
                self.problem.nonlinear_costs]  # fmt: skip
        current = self._first(limits)
        best: tuple[float, Indices] | None = None
        reaches: list[Floats] = []
        sum_limits = limits.copy()
        multipliers = np.zeros(len(limits))
        for _ in range(_ROUNDS):
            model = linearised(self.problem, current)
            slider = Slider(model)
            reaches.append(slider.dual.reach)
            assignment = self._inner(slider, current, sum_limits)
            if assignment is None:
                break
            multipliers = slider.bound(sum_limits)[1]
            real = self.real(assignment)
            over = real[1:] > limits * (1 + 1e-12)
            if not over.any() and (best is None or real[0] < best[0]):
                best = float(real[0]), assignment
            if np.array_equal(assignment, current) and not over.any():
                break
            for row in (row for row in rows if row and over[row - 1]):
                sum_limits[row - 1] *= limits[row - 1] / real[row] * (1 - _MARGIN)
            current = assignment
        if best is None:
            best = self._mended(current, limits)
        if best is None:
            raise CannotReach(unreachable_sentence(self.problem, limits, np.min(reaches, axis=0)))
        model = linearised(self.problem, best[1])
        return describe_solution(model, best[1], limits, None, multipliers, name)

    def _inner(self, slider: Slider, current: Indices, limits: Floats) -> Indices | None:
        try:
            return slider.best(limits)
        except CannotReach:
            return repair(slider.problem, current, limits)

    def real(self, chosen: Indices) -> Floats:
        """Return every kind's true value for one assignment, with nonlinear costs evaluated."""
        values = self.problem.values(chosen)
        units = self.problem.removed(chosen)[None]
        for index, kind in enumerate(self.problem.kinds):
            if kind in self.problem.nonlinear_costs:
                values[index] = self.problem.nonlinear_costs[kind](units)[0]
        return values

    def _first(self, limits: Floats) -> Indices:
        """The first plan to linearise around: the slider's, else the one nearest to the limits."""
        try:
            return self.slider.best(limits)
        except CannotReach:
            excess = np.maximum(self.slider.dual.values[:, 1:] / np.maximum(limits, 1e-300), 1)
            assignment: Indices = self.slider.dual.chosen[int(excess.sum(axis=1).argmin())]
            return assignment

    def _mended(self, current: Indices, limits: Floats) -> tuple[float, Indices] | None:
        """Repair the plan step by step until it keeps the limits, linearised anew every time."""
        sum_limits = limits.copy()
        for _ in range(_REPAIRS):
            assignment = repair(linearised(self.problem, current), current, sum_limits)
            if assignment is None:
                return None
            real = self.real(assignment)
            if (real[1:] <= limits * (1 + 1e-12)).all():
                return float(real[0]), assignment
            sum_limits *= np.where(real[1:] > limits, limits / real[1:] * (1 - _MARGIN), 1.0)
            current = assignment
        return None


def linearised(problem: Problem, chosen: Indices) -> Problem:
    """Return ``problem`` with nonlinear costs as sums of single changes around ``chosen``."""
    grouped = [index for index, subject in enumerate(problem.subjects) if subject.grouped]
    plans, changes = [], []
    for subject in grouped:
        for option in range(len(problem.subjects[subject].options)):
            other = chosen.copy()
            other[subject] = option
            plans.append(other)
            changes.append((subject, option))
    units = problem.removed(np.array([chosen, *plans]))
    unary, constant, weights = problem.unary.copy(), problem.constant.copy(), problem.weights.copy()
    for row, kind in enumerate(problem.kinds):
        if kind not in problem.nonlinear_costs:
            continue
        values = problem.nonlinear_costs[kind](units)
        constant[row] = values[0]
        unary[row] = 0.0
        weights[row] = 0.0
        for (subject, option), value in zip(changes, values[1:], strict=True):
            unary[row, subject, option] = value - values[0]
        if row == 0:
            unary[row][~problem.real] = np.inf
    return replace(problem, unary=unary, constant=constant, weights=weights)
