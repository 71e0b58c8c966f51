"""Raise the bound of a small problem by ruling options out.

With few subjects the best plan can be far above the Lagrangian bound, because only few plans
come near the budget. An option with which no plan can beat the one that was found is ruled out;
with fewer options the bound is closer. Where only the found plan is left, it is the best.

Source: Nemhauser and Wolsey 1988, variable fixing by reduced costs.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from analysis.planning.solve.dual import Dual
from analysis.planning.solve.problem import Problem

Floats = npt.NDArray[np.float64]
Choices = npt.NDArray[np.intp]

_ROUNDS: Final = 4


def probed(problem: Problem, dual: Dual, chosen: Choices, limits: Floats) -> float:
    """Return a lower bound of every plan within ``limits``, at most ``chosen``'s objective.

    Args:
        problem: A small one.
        dual: Its multipliers, tightened under the limits.
        chosen: The best plan that was found.
        limits: Absolute, per target.
    """
    value = float(problem.values(chosen)[0])
    best, multipliers = dual.bound(limits)
    allowed = problem.real.copy()
    rows = np.arange(len(chosen))
    for _ in range(_ROUNDS):
        beaten = dual.with_each(limits, multipliers) >= value * (1 - 1e-9)
        beaten[rows, chosen] = False
        beaten &= allowed
        if not beaten.any():
            break
        allowed &= ~beaten
        if (allowed.sum(axis=1) == 1).all():
            return value
        dual = Dual(problem, allowed)
        dual.tighten(limits)
        bound, multipliers = dual.bound(limits)
        best = max(best, min(bound, value))
    return min(best, value)
