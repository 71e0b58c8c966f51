"""The request of ``pareto``."""

from dataclasses import dataclass
from typing import ClassVar

from prunescope.commands.plan import GoalOptions
from prunescope.commands.request import option


@dataclass(frozen=True, kw_only=True)
class Pareto(GoalOptions):
    """Solve for a row of budgets on one cost; what is asked besides holds at every point.

    Attributes:
        cost: What is swept: ``macs``, ``parameters``, ``bytes``, ...
        points: How many budgets; None for the usual number.
    """

    command: ClassVar[str] = "pareto"

    cost: str = option("--cost", "")
    points: int | None = option("--points", None)
