"""The interval of a predicted drop: it holds before any plan was verified, and learns from plans.

Errors grow with the drop and with sampling noise, and of that the more, the more samples change
their class: which of them do is chance. For a predicted drop ``p`` of a score between 0 and 1 on
``n`` samples, of which a share ``d ≥ |p|`` is predicted to change its class, they are compared as

    score = |predicted − measured| / N,    N = max(p, 0) + STILL / √n + CHANGING · √(d / n)

On networks that nobody tuned on, scores have the root mean square ``SPREAD``. This counts like
``WORTH`` plans of the study itself, so that with ``K`` verified plans, each predicted from the
others,

    half-width = t(WORTH + K) · √((WORTH · SPREAD² + Σ score²) / (WORTH + K)) · N

with ``t`` the quantile of Student's distribution by which ``COVERAGE`` of normal errors would be
covered. The few degrees of freedom pay for what networks differ in: some are predicted three times
as exactly as others, and before a plan is verified nobody knows which.

Scores of a user's own scale were on none of those networks: for them nothing is known before
``FEWEST`` plans are verified, and then only what these say. Of one or two errors Student's quantile
makes intervals of ten times the drop, which no score has.

Source: docs/science.md §2.4. ``python -m benchmarks.unseen --fit benchmarks/unseen_errors.csv``
fits the constants to the errors that are kept.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from scipy import special

STILL: Final = 0.076
CHANGING: Final = 1.04
"""Noise of a finite sample: where no sample changes its class, and of those that do."""

MOST: Final = 6000
"""Samples of the largest of those networks: with more, errors need not shrink any further."""

SPREAD: Final = 0.28
NETWORKS: Final = 27
"""Those whose errors are kept, which the four constants are fitted to."""

WORTH: Final = 3.5
"""Verified plans that the other networks count as."""

PICKED: Final = 1.7
"""How much further above its prediction the drop of a solved plan may lie.

A solver takes the plan whose prediction is best, which is the luckiest one too: of solved plans on
``PICKED_NETWORKS`` networks that nobody tuned on, 6 % lay above the interval of random plans and
2 % below. ``python -m benchmarks.unseen --fit-solved
benchmarks/unseen_solved.csv`` fits it, and says what it covers on networks that were left out."""

PICKED_NETWORKS: Final = 27

FEWEST: Final = 3
"""Verified plans of a user's own scale before anything is said of the next one."""

COVERAGE: Final = 0.9


@dataclass(frozen=True)
class ErrorScale:
    """What prediction errors of one study are measured by.

    Attributes:
        samples: Of the validation split.
        unit: One hundred points: 1 for scores between 0 and 1, else the size of the scores.
        familiar: Whether scores are of the kind that other networks were predicted in.
    """

    samples: int
    unit: float = 1.0
    familiar: bool = True

    def normaliser(self, predicted: float, changing: float = math.nan) -> float:
        """Return what an error at the ``predicted`` drop is divided by.

        Args:
            predicted: The plan's drop.
            changing: Share of samples that are predicted to change their class, 0 to 1; NaN where
                that is not known: then as many as the drop takes at least, as with scores of a
                user's own, which need not follow classes.
        """
        samples = min(max(self.samples, 1), MOST)
        least = min(abs(predicted) / self.unit, 1.0)
        known = self.familiar and not math.isnan(changing)
        share = max(changing, least) if known else least
        noise = (STILL + CHANGING * math.sqrt(share)) / math.sqrt(samples)
        return max(predicted, 0.0) + noise * self.unit

    def half_width(
        self, scores: Sequence[float], predicted: float, changing: float = math.nan
    ) -> float | None:
        """Return the half-width around ``predicted``; None where too little is known.

        Args:
            scores: ``|predicted − measured| / normaliser(predicted, changing)`` of verified plans,
                each predicted from the others.
            predicted: The new plan's drop.
            changing: Share of samples that it is predicted to change the class of; NaN: not known.
        """
        if not self.familiar and len(scores) < FEWEST:
            return None
        worth = WORTH if self.familiar else 0
        return largest_score(worth, SPREAD, scores) * self.normaliser(predicted, changing)


def largest_score(worth: float, spread: float, scores: Sequence[float]) -> float:
    """Return the score that ``COVERAGE`` of further plans stay within.

    Args:
        worth: Verified plans that other networks count as.
        spread: Root mean square of their scores.
        scores: Of this study's verified plans; needed where ``worth`` is 0.

    >>> round(largest_score(4.5, 0.3, []), 2), round(largest_score(4.5, 0.3, [0.8]), 2)
    (0.62, 0.86)
    """
    squares = worth * spread**2 + math.fsum(score**2 for score in scores)
    freedom = worth + len(scores)
    return quantile(freedom) * math.sqrt(squares / freedom)


@cache
def quantile(freedom: float) -> float:
    """Return what ``COVERAGE`` of Student's ``t`` with so many degrees of freedom stay within.

    >>> round(quantile(3), 3), round(quantile(12), 3)
    (2.353, 1.782)
    """
    return float(special.stdtrit(freedom, 0.5 + COVERAGE / 2))
