"""Lagrangian multipliers of the budgets: a proven bound, and assignments near the best.

For multipliers ``m >= 0`` the least of ``objective + m * costs`` over all assignments, minus
``m * limits``, is a lower bound of every plan within the limits. A minimum does not depend on the
limits. What is minimised for one set of limits does not enter the answer for another: the same
limits get the same plan, whatever a slider went through before.

Source: Everett 1963 (Operations Research 11); the cutting planes are Kelley's (1960).
"""

from copy import copy
from typing import Final

import numpy as np

from prunescope.arrays import Floats
from prunescope.planning.solve.highest_plane import highest_plane
from prunescope.planning.solve.problem import Problem

_GRID: Final = np.logspace(-4, 3, 24)
_ROUNDS: Final = 8
_CLOSE: Final = 5e-4
"""Relative distance of bound and cutting planes at which no more are cut."""


class Dual:
    """Minima of one problem by their multipliers: those of a grid, and what limits added.

    Attributes:
        reach: Target kind's least possible value, each by itself, ``(targets,)``.
        multipliers: ``(n, targets)``.
        least: The minimum for each of them (a lower bound of it where tables were split).
        chosen: ``(n, subjects)``, the minimising assignments.
        values: ``(n, kinds)``, objective and costs of those assignments.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        targets = len(problem.kinds) - 1
        count = len(problem.subjects)
        self.multipliers = np.zeros((0, targets))
        self.least = np.zeros(0)
        self.chosen = np.zeros((0, count), np.intp)
        self.values = np.zeros((0, targets + 1))
        ends = self._ends()
        self.reach = np.array([ends[k, k + 1] for k in range(targets)])
        unconstrained = self.minimise(np.zeros((1, targets)))
        worth = np.abs(ends[:, 0] - unconstrained[0, 0]) + 1e-12
        saved = np.abs(unconstrained[0, 1:] - self.reach)
        self.scale = np.where(saved > 0, worth / np.where(saved > 0, saved, 1), 0.0)
        grid = [np.outer(_GRID, np.eye(targets)[k] * self.scale) for k in range(targets)]
        if targets > 1:
            grid.append(np.outer(_GRID, self.scale))
        self.minimise(np.concatenate(grid))

    def fork(self) -> "Dual":
        """Return a copy that can be tightened without changing this one."""
        return copy(self)  # its arrays are replaced, never written to

    def minimise(self, multipliers: Floats) -> Floats:
        """Minimise for each row of ``multipliers``, keep it, and return the values."""
        problem = self.problem
        mixed = np.concatenate([np.ones((len(multipliers), 1)), multipliers], axis=1)
        unary = np.tensordot(mixed, np.where(problem.real, problem.unary, 0.0), axes=1)
        unary = np.where(problem.real, unary, np.inf)
        least, chosen = problem.elimination.run(unary, mixed @ problem.weights)
        values = problem.values(chosen)
        self.multipliers = np.concatenate([self.multipliers, multipliers])
        self.least = np.concatenate([self.least, least + mixed @ problem.constant])
        self.chosen = np.concatenate([self.chosen, chosen])
        self.values = np.concatenate([self.values, values])
        return values

    def _ends(self) -> Floats:
        """Per target, the values of the assignment that minimises this target alone."""
        problem = self.problem
        rows = np.eye(len(problem.kinds))[1:]
        unary = np.tensordot(rows, np.where(problem.real, problem.unary, 0.0), axes=1)
        unary = np.where(problem.real, unary, np.inf)
        _, chosen = problem.elimination.run(unary, rows @ problem.weights)
        values = problem.values(chosen)
        self.multipliers = np.concatenate([self.multipliers, np.zeros(rows[:, 1:].shape)])
        self.least = np.concatenate([self.least, np.full(len(chosen), -np.inf)])  # bounds nothing
        self.chosen = np.concatenate([self.chosen, chosen])
        self.values = np.concatenate([self.values, values])
        return values

    def bound(self, limits: Floats) -> tuple[float, Floats]:
        """Return the best known lower bound under ``limits``, and its multipliers."""
        lower = self.least - self.multipliers @ limits
        best = int(lower.argmax())
        return float(lower[best]), self.multipliers[best]

    def tighten(self, limits: Floats) -> None:
        """Minimise at the multipliers that raise the bound under ``limits``, until it is tight."""
        previous_gap = np.inf
        for _ in range(_ROUNDS):
            upper, multipliers = self._planes(limits)
            gap = upper - self.bound(limits)[0]
            if gap <= _CLOSE * max(abs(upper), 1e-12) or gap >= previous_gap:
                break  # close, or as close as tables that had to be split allow
            previous_gap = gap
            trial_multipliers = multipliers[None]
            if len(multipliers) > 1:
                variations = np.concatenate(
                    [np.eye(len(multipliers)) * step for step in (0.25, -0.2)]
                )
                trial_multipliers = np.concatenate(
                    [trial_multipliers, multipliers * (1 + variations)]
                )
            self.minimise(trial_multipliers)

    def _planes(self, limits: Floats) -> tuple[float, Floats]:
        """The multipliers at which the least of all found assignments' planes is highest."""
        over = self.values[:, 1:] - limits
        cost = self.values[:, 0]
        if over.shape[1] == 1:
            return _crossing(cost, over[:, 0])
        scale = np.where(self.scale > 0, self.scale, 1.0)
        worth = max(float(np.ptp(cost)), 1e-12)
        found = highest_plane(cost / worth, over * scale / worth)
        if found is None:
            return self.bound(limits)
        return found[0] * worth, found[1] * scale


def _crossing(cost: Floats, over: Floats) -> tuple[float, Floats]:
    """The same for one budget: where the lowest falling and the lowest rising line cross."""
    low, high = int(np.lexsort((over, cost))[0]), int(np.lexsort((cost, over))[0])
    if over[low] <= 0 or over[high] > 0:
        return float(cost[low]), np.zeros(1)
    for _ in range(len(cost)):
        step = (cost[high] - cost[low]) / (over[low] - over[high])
        heights = cost + step * over
        lowest = int(heights.argmin())
        if heights[lowest] >= heights[low] - 1e-12 * abs(heights[low]):
            break
        low, high = (lowest, high) if over[lowest] > 0 else (low, lowest)
    return float(heights[lowest]), np.array([step])
