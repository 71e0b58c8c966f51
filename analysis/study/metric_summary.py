"""What the numbers of a metric are: name, unit, direction and scale. Torch-free.

Scores are stored with higher as better: a share as it is, a loss negated, a perplexity as its
negated mean loss. Here is how that becomes the number that people read, and back. The words are in
``prunescope.text.scores``.
"""

import math
from dataclasses import dataclass
from typing import Final

PERCENT: Final = "%"


@dataclass(frozen=True)
class MetricSummary:
    """One metric as people read it.

    Attributes:
        name: Short, without the file that it comes from; empty for that of the reference.
        unit: ``%`` for scores from 0 to 1 that are read as percent, with drops in points; else
            ``nats``, ``bits per byte`` and the like, or empty for a plain number.
        higher_is_better: Whether a larger number is a better one, as the metric is written.
        least: Smallest possible value, as the metric is written; None without one.
        most: Largest possible value; None without one.
        decimals: How many are shown; None for four digits that matter.
        exponential: Whether the number is e to the power of the mean (a perplexity); then what is
            stored are its logarithms, negated.
        over_set: Whether it is no mean of samples' own values, but known only of all together.
    """

    name: str = ""
    unit: str = PERCENT
    higher_is_better: bool = True
    least: float | None = 0.0
    most: float | None = 1.0
    decimals: int | None = 2
    exponential: bool = False
    over_set: bool = False

    @property
    def is_share(self) -> bool:
        """Whether every score lies between 0 and 1, more being better."""
        return self.higher_is_better and (self.least, self.most) == (0.0, 1.0)

    @property
    def drop_unit(self) -> str:
        """The unit of a difference of two scores."""
        return "pt" if self.unit == PERCENT else self.unit

    @property
    def loss_word(self) -> str:
        """What getting worse is called: a score drops, a loss rises."""
        return "drop" if self.higher_is_better else "rise"

    def shown(self, score: float) -> float:
        """Return a stored score as the number that people read.

        >>> MetricSummary().shown(0.925)
        92.5
        >>> LOSS.shown(-1.25), round(PERPLEXITY.shown(-1.25), 3)
        (1.25, 3.49)
        """
        if self.exponential:
            return _exponential(-score)
        return self._factor * (score if self.higher_is_better else 0.0 - score)

    def stored(self, number: float) -> float:
        """Return the stored score that is read as ``number``; NaN where there is none.

        >>> MetricSummary().stored(92.5), PERPLEXITY.stored(1.0)
        (0.925, 0.0)
        """
        if self.exponential:
            return 0.0 - math.log(number) if number > 0 else math.nan
        value = number / self._factor
        return value if self.higher_is_better else 0.0 - value

    def shown_drop(self, drop: float, dense: float) -> float:
        """Return a stored drop as a difference of the numbers that people read; worse is positive.

        Args:
            drop: Dense minus pruned, as stored.
            dense: The stored score that it is counted from.

        >>> MetricSummary().shown_drop(0.0125, 0.9), LOSS.shown_drop(0.5, -1.25)
        (1.25, 0.5)
        >>> round(PERPLEXITY.shown_drop(math.log(1.1), -math.log(20)), 6)
        2.0
        """
        if self.exponential:
            return self.shown(dense - drop) - self.shown(dense)
        return self._factor * drop

    def stored_drop(self, change: float, dense: float) -> float:
        """Return the stored drop that is read as ``change``; infinite past the best possible.

        >>> round(PERPLEXITY.stored_drop(2.0, -math.log(20)), 6) == round(math.log(1.1), 6)
        True
        """
        if not self.exponential:
            return change / self._factor
        pruned = self.shown(dense) + change
        return math.log(pruned) + dense if pruned > 0 else -math.inf

    def share_of_dense(self, share: float, dense: float) -> float:
        """Return the stored drop that is ``share`` of the dense score, as people read it.

        >>> MetricSummary().share_of_dense(0.02, 0.5)
        0.01
        """
        return self.stored_drop(share * abs(self.shown(dense)), dense)

    @property
    def _factor(self) -> float:
        return 100.0 if self.unit == PERCENT else 1.0


def _exponential(value: float) -> float:
    return math.exp(value) if value < 700 else math.inf


SHARE: Final = MetricSummary()
"""Scores from 0 to 1, read as percent: of studies that say nothing else."""

LOSS: Final = MetricSummary("cross-entropy", "nats", False, 0.0, None, 4)
PERPLEXITY: Final = MetricSummary("perplexity", "", False, 1.0, None, 2, exponential=True)
NUMBER: Final = MetricSummary("", "", True, None, None, None)
"""A user's metric that says nothing about itself, and whose scores are not between 0 and 1."""
