"""The scores of a group's units by their index: one row per group, criterion and seed.

They are written when a plan that removes units is measured, of its groups and criteria.
"""

from dataclasses import dataclass
from typing import Final

UNIT_SCORES_KEY: Final = ("fingerprint", "version", "subject", "criterion", "seed")


@dataclass(frozen=True)
class UnitScores:
    """How one criterion scores every unit of one group.

    Attributes:
        fingerprint: Of weights, graph, data and metric.
        version: The engine's measurement version.
        subject: Name of the group.
        criterion: Name of the criterion.
        seed: Of random criteria.
        scores: ``(units,)`` higher = keep, in the dense network's order.
    """

    fingerprint: str
    version: int
    subject: str
    criterion: str
    seed: int
    scores: tuple[float, ...]

    @property
    def named(self) -> tuple[str, str, int]:
        """Group, criterion and seed."""
        return self.subject, self.criterion, self.seed
