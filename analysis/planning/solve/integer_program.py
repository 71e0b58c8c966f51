"""Solve to proven optimality by mixed-integer programming (HiGHS), several budgets at once.

Binaries ``x[s, j]``, one option per subject. The product of two groups' units is linear in
``y[j] = x[a, j] * units_b``: the ``y`` of an edge sum to ``units_b`` and each lies between its
``x`` times the least and the most of ``units_b``, which at whole numbers is the product itself.

Source: HiGHS (Huangfu and Hall 2018); the linearisation is Glover's (1975), in the summed form.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from prunescope.arrays import Floats, Indices
from prunescope.errors import CannotReach
from prunescope.planning.solve.describe import describe_solution, unreachable_sentence
from prunescope.planning.solve.local_search import improve, within
from prunescope.planning.solve.problem import Problem
from prunescope.planning.solve.slider import Slider
from prunescope.planning.solve.solution import TIME_DECIDED, Solution

TIME: Final = 20.0
"""Seconds that an exact solution may take by default."""

NODES: Final = 20_000
"""Branches that it may look at: unlike seconds, the same on every machine and in every run."""

_ALIKE: Final = 0.01
_SHOWN: Final = 3
_DIFFERENT: Final = 2
"""A plan shown as equally good differs in at least this many subjects, if there are as many."""

_INFEASIBLE: Final = 2


def solve_exactly(
    slider: Slider,
    overrides: Mapping[str, float] | None = None,
    name: str = "solved",
    seconds: float = TIME,
    alternatives: bool = True,
    nodes: int = NODES,
) -> Solution:
    """Return the best plan of all within the limits, with proof, or the best within its bounds.

    Where time and not ``nodes`` ended it, a note of the solution says so: only then may another
    run give another plan.

    Args:
        slider: The prepared problem; its solution is the fallback when time runs out.
        overrides: Target kind → limit in place of the goal's.
        name: Of the plan.
        seconds: Time limit for the optimum, and the same again for all alternatives together.
        alternatives: Whether to look for other plans within 1 % of the objective.
        nodes: Branches that may be looked at.

    Raises:
        CannotReach: No plan of the options keeps the limits.
    """
    problem = slider.problem
    limits = problem.limits(overrides)
    first: Solution | None = None
    try:
        first = slider.solve(overrides, name)
    except CannotReach:
        if (slider.dual.reach > limits * (1 + 1e-12)).any():
            raise
    program = _Program(problem, limits)
    begun = time.monotonic()
    optimum, lower, finished = program.run(seconds, nodes)
    late = not finished and time.monotonic() - begun >= seconds
    if finished and optimum is None:
        raise CannotReach(unreachable_sentence(problem, limits, slider.dual.reach, together=True))
    candidates = [
        assignment
        for assignment in (optimum, first.chosen if first else None)
        if assignment is not None
    ]
    if not candidates:
        raise CannotReach(unreachable_sentence(problem, limits, slider.dual.reach, together=True))
    best = min(candidates, key=lambda assignment: float(problem.values(assignment)[0]))
    bound, multipliers = slider.bound(limits)
    value = float(problem.values(best)[0])
    proven = value if finished else max(bound, lower)
    others: list[Indices] = []
    if alternatives:
        others = _others(program, best, value, seconds, nodes)
    solution = describe_solution(
        problem, best, limits, proven if problem.exact else None, multipliers, name,
        exact=finished and problem.exact, alternatives=others,
    )  # fmt: skip
    return replace(solution, notes=(*solution.notes, TIME_DECIDED)) if late else solution


def _others(
    program: "_Program", best: Indices, value: float, seconds: float, nodes: int
) -> list[Indices]:
    """Plans within 1 % that differ from all before, one by one; none when there are no more."""
    assignments = [best]
    undecided = sum(len(subject.options) > 1 for subject in program.problem.subjects)
    least_difference = min(_DIFFERENT, undecided)
    while len(assignments) <= _SHOWN and least_difference:
        other, _, _ = program.run(
            seconds / (2 * _SHOWN),
            nodes // (2 * _SHOWN),
            most=value + _ALIKE * abs(value) + 1e-15,
            different_from=(assignments, least_difference),
        )
        if other is None:
            break
        assignments.append(other)
    return assignments[1:]


class _Program:
    """The constraint matrix of a problem under limits."""

    def __init__(self, problem: Problem, limits: Floats) -> None:
        self.problem, self.limits = problem, limits
        sizes = problem.sizes
        self.starts = np.concatenate([[0], np.cumsum(sizes)])
        self.binaries = int(self.starts[-1])
        self.edges: list[tuple[int, int, int]] = []  # (subject with an x per y, other, first y)
        total = self.binaries
        for a, b in problem.pairs:
            one, other = (int(a), int(b)) if sizes[a] <= sizes[b] else (int(b), int(a))
            self.edges.append((one, other, total))
            total += sizes[one]
        self.total = total
        self.costs = np.zeros((len(problem.kinds), total))
        for index, size in enumerate(sizes):
            span = slice(self.starts[index], self.starts[index] + size)
            self.costs[:, span] = problem.unary[:, index, :size]
        for edge, (one, _, start) in enumerate(self.edges):
            size = sizes[one]
            weight = problem.weights[:, edge, None] * problem.units[one, None, :size]
            self.costs[:, start : start + size] += weight
        self.rows = self._rows()

    def run(
        self,
        seconds: float,
        nodes: int = NODES,
        most: float | None = None,
        different_from: tuple[Sequence[Indices], int] | None = None,
    ) -> tuple[Indices | None, float, bool]:
        """Return the best assignment, a lower bound, and whether the search ended by itself."""
        problem = self.problem
        rows = list(self.rows)
        scale = np.maximum(np.abs(self.limits), 1e-300)
        for index in range(len(self.limits)):
            left = (self.limits[index] - problem.constant[1 + index]) / scale[index]
            rows.append((self.costs[1 + index] / scale[index], -np.inf, left))
        worth = max(float(np.abs(self.costs[0]).max()), 1e-300)
        if most is not None:
            rows.append((self.costs[0] / worth, -np.inf, (most - problem.constant[0]) / worth))
        for chosen in different_from[0] if different_from else ():
            row = np.zeros(self.total)
            row[self.starts[:-1] + chosen] = 1.0
            rows.append((row, -np.inf, len(chosen) - (different_from[1] if different_from else 1)))
        matrix = sparse.csr_array(np.array([row for row, _, _ in rows]))
        low, high = np.array([r[1] for r in rows]), np.array([r[2] for r in rows])
        integrality = np.zeros(self.total)
        integrality[: self.binaries] = 1
        top = np.ones(self.total)
        top[self.binaries :] = np.inf
        result = milp(
            self.costs[0] / worth, constraints=LinearConstraint(matrix, low, high),
            integrality=integrality, bounds=Bounds(0, top),
            options={"time_limit": seconds, "node_limit": nodes, "mip_rel_gap": 0.0},
        )  # fmt: skip
        lower = -np.inf
        if result.mip_dual_bound is not None:
            lower = float(result.mip_dual_bound) * worth + float(problem.constant[0])
        if result.x is None:
            return None, lower, result.status == _INFEASIBLE
        options = [
            int(np.argmax(result.x[a:b]))
            for a, b in zip(self.starts[:-1], self.starts[1:], strict=True)
        ]
        chosen = np.array(options, np.intp)
        if not within(problem.values(chosen), self.limits):  # the solver's tolerance is wider
            tight = self.limits * (1 - 1e-7)
            if most is None and seconds > 0 and not np.array_equal(tight, self.limits):
                tighter = _Program(problem, tight).run(seconds, nodes)
                return tighter[0], lower, tighter[2]
            return None, lower, False
        if most is None:
            chosen = improve(problem, chosen, self.limits)
        return chosen, lower, result.status == 0

    def _rows(self) -> list[tuple[Floats, float, float]]:
        """The fixed rows: one option per subject, conflicts and needs, and ``y`` as the product."""
        problem = self.problem
        rows: list[tuple[Floats, float, float]] = []
        for start, end in zip(self.starts[:-1], self.starts[1:], strict=True):
            row = np.zeros(self.total)
            row[start:end] = 1
            rows.append((row, 1, 1))
        needed = {(int(a), int(b)) for a, b in problem.needs}
        for a, b in problem.conflicts:
            row = np.zeros(self.total)
            for index in (a, b):
                size = len(problem.subjects[index].options)
                row[self.starts[index] : self.starts[index] + size] = problem.active[index, :size]
            rows.append((row, 1.0 if (int(a), int(b)) in needed else -np.inf, 1))
        for one, other, start in self.edges:
            size, count = len(problem.subjects[one].options), len(problem.subjects[other].options)
            units = problem.units[other, :count]
            row = np.zeros(self.total)
            row[start : start + size] = 1
            row[self.starts[other] : self.starts[other] + count] = -units
            rows.append((row, 0, 0))
            for option in range(size):
                for edge, low, high in ((units.max(), -np.inf, 0), (units.min(), 0, np.inf)):
                    row = np.zeros(self.total)
                    row[start + option] = 1
                    row[self.starts[one] + option] = -edge
                    rows.append((row, low, high))
        return rows
