"""What was measured before a plan was taken: kept by a job, and told alike by page and command."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from analysis.planning.search.measured import Measured

SETTLEMENT: Final = "settlement.json"
"""Where a job that measured the best few plans leaves them, in its own folder."""

_NAMES: Final = {
    "solver": "the solver's", "uniform": "the uniform", "erk": "ERK's", "lamp": "LAMP's",
    "global-magnitude": "global magnitude's", "equal-drop": "equal drop's",
}  # fmt: skip
_TOLD: Final = 4
"""Plans besides the best that are told one by one."""


@dataclass(frozen=True)
class Settlement:
    """Plans for one goal that were really applied.

    Attributes:
        objective: Which damage (or cost) was kept small.
        tried: The plans, the best first, as from ``measured_best``.
    """

    objective: str
    tried: tuple[Measured, ...]

    def told(self, amount: Callable[[float], str]) -> str:
        """Return what was measured and whose plan is the best, as sentences.

        Args:
            amount: From a value of the objective to words.
        """
        best, *others = self.tried
        count = f"the least of {len(self.tried)} plans" if others else "the only plan there was"
        words = f"{amount(best.objective)} measured, {count}: {whose(best)}."
        if others:
            told = "; ".join(f"{whose(each)} {amount(each.objective)}" for each in others[:_TOLD])
            more = f"; and {len(others) - _TOLD} more" if len(others) > _TOLD else ""
            words += f" Others: {told}{more}."
        if not best.kept:
            words += " None keeps all targets when measured; this one comes nearest."
        return words


def possessive(start: str) -> str:
    """Return whose plan it is where a search began, such as ``LAMP's``."""
    return _NAMES.get(start, f"{start}'s")


def whose(found: Measured) -> str:
    """Return where a measured plan comes from, in words."""
    plan = f"{possessive(found.proposal.start)} plan"
    return plan if found.own else f"found around {plan}"
