"""Solve in milliseconds, while a slider moves: multipliers, local search, and a proven gap."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from prunescope.arrays import Floats, Indices
from prunescope.errors import CannotReach
from prunescope.planning.solve.describe import describe_solution, near_optimal, unreachable_sentence
from prunescope.planning.solve.dual import Dual
from prunescope.planning.solve.local_search import improve, repair, within
from prunescope.planning.solve.problem import Problem
from prunescope.planning.solve.solution import Solution

_STARTS: Final = 3
_ENOUGH: Final = 0.002
"""Gap, as a fraction, below which a slider's plan is good enough."""

_KEPT: Final = 256
"""Limits whose minima are kept: a slider goes back and forth."""


class Slider:
    """A problem ready to be solved again and again; every answer depends on its limits alone."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.dual = Dual(problem)
        self._tightened: dict[bytes, Dual] = {}

    def solve(self, overrides: Mapping[str, float] | None = None, name: str = "solved") -> Solution:
        """Return the best plan found within the limits, in milliseconds.

        Args:
            overrides: Target kind → limit in place of the goal's.
            name: Of the plan.

        Raises:
            CannotReach: No plan of the options keeps the limits.
        """
        problem = self.problem
        limits = problem.limits(overrides)
        assignments = self._within(limits)
        bound, multipliers = self.bound(limits)
        return describe_solution(
            problem, assignments[0], limits, bound if problem.exact else None, multipliers, name,
            alternatives=near_optimal(problem, assignments, limits),
        )  # fmt: skip

    def best(self, limits: Floats) -> Indices:
        """Return the best assignment found within absolute ``limits``; raises as ``solve``."""
        return self._within(limits)[0]

    def bound(self, limits: Floats) -> tuple[float, Floats]:
        """Return a lower bound of every plan within absolute ``limits``, and its multipliers."""
        return self._dual(limits).bound(limits)

    def _dual(self, limits: Floats) -> Dual:
        """The minima for just these limits; those of the last ones asked for are kept."""
        key = limits.tobytes()
        dual = self._tightened.get(key)
        if dual is None:
            dual = self.dual.fork()
            dual.tighten(limits)
            if len(self._tightened) >= _KEPT:
                self._tightened = {}
            self._tightened[key] = dual
        return dual

    def _within(self, limits: Floats) -> list[Indices]:
        """The assignments found within absolute ``limits``, best first."""
        if (self.dual.reach > limits * (1 + 1e-12)).any():
            raise CannotReach(unreachable_sentence(self.problem, limits, self.dual.reach))
        candidates = self._candidates(limits, self._dual(limits))
        if not candidates:
            raise CannotReach(
                unreachable_sentence(self.problem, limits, self.dual.reach, together=True)
            )
        candidates.sort(key=lambda assignment: float(self.problem.values(assignment)[0]))
        return candidates

    def _candidates(self, limits: Floats, dual: Dual) -> list[Indices]:
        """Improved starts: some within the limits, some just past the limits and repaired."""
        values, problem = dual.values, self.problem
        within_limits = within(values, limits)
        score = np.where(within_limits, values[:, 0], np.inf)
        starts = [dual.chosen[i] for i in np.argsort(score, kind="stable")[:2] if within_limits[i]]
        excess = np.maximum(values[:, 1:] / np.maximum(limits, 1e-300) - 1, 0).sum(axis=1)
        excess[within_limits] = np.inf
        for index in np.argsort(excess, kind="stable")[: _STARTS - len(starts)]:
            if np.isfinite(excess[index]):
                repaired = repair(problem, dual.chosen[index], limits)
                if repaired is not None:
                    starts.append(repaired)
        unique = {start.tobytes(): start for start in starts}
        bound, _ = dual.bound(limits)
        filled = [
            improve(problem, start, limits, enough=bound + _ENOUGH * abs(bound))
            for start in unique.values()
        ]
        return list({assignment.tobytes(): assignment for assignment in filled}.values())
