"""One decision of a plan (a layer or a group) and its options."""

from collections.abc import Mapping
from dataclasses import dataclass

from prunescope.study.method import BLOCK, UNITS
from prunescope.study.plan import Choice, Plan
from prunescope.study.removed_counts import removed_count, removed_units


@dataclass(frozen=True)
class Option:
    """One option of a subject: a method and a sparsity.

    Attributes:
        choice: Method and sparsity.
        removed: Weights zeroed, or units that leave.
        damages: Divergence, cross-entropy increase and drop of this choice alone, each not
            below that of a smaller sparsity by the same method, so that a late lucky point gains
            nothing; NaN where the study has none.
    """

    choice: Choice
    removed: int
    damages: Mapping[str, float]


@dataclass(frozen=True)
class Subject:
    """One decision: a layer whose weights may be zeroed, or a group whose units may leave.

    Attributes:
        name: Of the layer or group; both can have the same.
        grouped: Whether units leave.
        total: Weights or units that there are.
        options: The dense one first, unless a bound or lock rules it out.
        locked: Whether there is no choice.
    """

    name: str
    grouped: bool
    total: int
    options: tuple[Option, ...]
    locked: bool = False

    def count(self, choice: Choice) -> int:
        """Return how many weights or units ``choice`` removes; a block is one unit."""
        if choice.granularity == BLOCK:
            return int(choice.sparsity > 0)
        return (removed_units if self.grouped else removed_count)(self.total, choice.sparsity)

    def choice_in(self, plan: Plan) -> Choice | None:
        """Return what ``plan`` removes of this subject, None for nothing.

        A layer and a group can have one name; a choice that zeroes weights is not the group's.
        """
        choice = plan.choices.get(self.name)
        if choice is None or choice.sparsity == 0 or (choice.granularity in UNITS) != self.grouped:
            return None
        return choice


@dataclass(frozen=True)
class MissingPoint:
    """A subject that the solver cannot change, because nothing of it was measured."""

    subject: str
    granularity: str
