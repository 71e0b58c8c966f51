"""Which subjects a rule may prune, and its choices rounded to the goal's bounds and multiples."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from prunescope.errors import CannotReach
from prunescope.planning.edits import choice_at
from prunescope.planning.solve.measured_range import measured_reach
from prunescope.planning.solve.problem import Problem
from prunescope.study import Method, pattern_of, sparsity
from prunescope.study.method import BLOCK, UNITS
from prunescope.study.plan import Choice
from prunescope.study.removed_counts import unit_sparsities

_ANY: Final = (0.0, 1.0)


def prunable_subjects(problem: Problem, grouped: bool) -> list[str]:
    """Return the layers (or, ``grouped``, the groups) that a rule may prune, in forward order.

    Locked subjects are left out, and those that conflict with a subject that must be pruned.
    """
    required = {
        index
        for index, subject in enumerate(problem.subjects)
        if subject.grouped != grouped and all(option.removed for option in subject.options)
    }
    touched = {int(a) for a, b in problem.conflicts if b in required}
    touched |= {int(b) for a, b in problem.conflicts if a in required}
    return [
        subject.name
        for index, subject in enumerate(problem.subjects)
        if subject.grouped == grouped
        and not subject.locked
        and index not in touched
        and subject.options[0].choice.granularity != BLOCK  # rules know shares, not whole blocks
    ]


def required_choices(problem: Problem) -> dict[str, Choice]:
    """Return the least choice of every unlocked subject that its bounds forbid to stay dense."""
    return {
        subject.name: min(subject.options, key=lambda option: option.removed).choice
        for subject in problem.subjects
        if subject.name not in problem.goal.locks
        and all(option.removed for option in subject.options)
    }


class GoalBounds:
    """The goal's bounds and multiples, worked out once for many strengths of a rule.

    What was measured bounds it too, unless the goal says that rules may go further.
    """

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._steps: dict[tuple[str, Method], Sequence[float] | None] = {}

    def __call__(self, name: str, choice: Choice) -> Choice:
        """Return the choice nearest to ``choice`` that the goal allows.

        Raises:
            CannotReach: No possible sparsity lies within the bounds.
        """
        low, high = self._range(name, choice.method)
        key = name, choice.method
        if key not in self._steps:
            self._steps[key] = self._allowed(name, choice.method)
        steps = self._steps[key]
        value = min(max(choice.sparsity, low), high)
        if steps is not None:
            if not len(steps):
                raise CannotReach(
                    f"Expected bounds of {name} that {choice.method} can keep, but no sparsity "
                    f"from {low:g} to {high:g} is one that it can have. Widen the bounds."
                )
            value = min(steps, key=lambda step: abs(step - value))
        return Choice(choice.criterion, value, choice.granularity, choice.locked)

    def _allowed(self, name: str, method: Method) -> Sequence[float] | None:
        """The sparsities that ``name`` may have, ascending; None for all within its bounds."""
        low, high = self._range(name, method)
        if pattern := pattern_of(method.granularity):
            values = [0.0, pattern.sparsity]
        elif method.granularity in UNITS:
            multiple = self._problem.goal.round_to
            if multiple == 1 and (low, high) == _ANY:
                return None
            units = self._problem.manifest.group(name).units
            shares = np.arange(1, units) / units
            values = [0.0, *unit_sparsities(units, shares.tolist(), multiple)]
        else:
            return None
        return [value for value in values if low <= sparsity(value) <= high]

    def _range(self, name: str, method: Method) -> tuple[float, float]:
        """The least and the largest sparsity of ``name`` by ``method``."""
        low, high = self._problem.goal.bounds.get(name, _ANY)
        reach = measured_reach(self._problem, name, choice_at(method, high))
        if reach is not None and not self._problem.goal.extrapolate:
            high = max(min(high, reach), low)
        return low, high
