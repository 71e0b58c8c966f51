"""What the interval of a prediction stands on, in words."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from prunescope.planning.prediction.prior_interval import FEWEST, NETWORKS, PICKED
from prunescope.text.numbers import counted

WIDENED: Final = f"{PICKED:g} times as far above it, as it was picked by its prediction"
"""What is said of the interval of a solved plan."""


class Kind(StrEnum):
    """Where an interval comes from."""

    CURVE = "curve"
    NETWORKS = "networks"
    PLANS = "plans"
    NOTHING = "nothing"


@dataclass(frozen=True)
class IntervalBasis:
    """What the interval of a predicted drop stands on.

    Attributes:
        kind: Where it comes from: the part's own curve; errors on other networks, before any plan
            of this study was verified; verified plans of this study; or nothing, when there is no
            interval.
        plans: Verified plans of this study that count.
        one_sided: Whether a part is pruned past its last measured point, or blocks leave together
            before plans of this study are verified, so that only a lower end is known: the upper
            one is all that can be lost.
        other: Whether the plan itself was verified too, which does not count for itself.
        vague: Whether the interval leaves so much open that it tells next to nothing.
        picked: Whether the plan was picked by its prediction, so that the interval reaches further
            above it.
    """

    kind: Kind
    plans: int = 0
    one_sided: bool = False
    vague: bool = False
    other: bool = False
    picked: bool = False

    def words(self) -> str:
        """Return it as it follows an interval in a sentence.

        >>> IntervalBasis(Kind.PLANS, 9).words()
        ' in nine plans of ten, from 9 verified plans of this study'
        """
        other = "other " if self.other else ""
        picked = f"; {WIDENED}" if self.picked else ""
        return {
            Kind.CURVE: ", 95 %, of its own curve",
            Kind.NETWORKS: (
                f" in nine plans of ten, from {NETWORKS} other networks, before any {other}plan of "
                f"this study is verified{picked}"
            ),
            Kind.PLANS: (
                f" in nine plans of ten, from {counted(self.plans, f'{other}verified plan')} of "
                f"this study{picked}"
            ),
            Kind.NOTHING: (
                f"how far off is not known before {FEWEST} {other}plans of this study are verified"
            ),
        }[self.kind]


UNKNOWN: Final = IntervalBasis(Kind.NOTHING)
