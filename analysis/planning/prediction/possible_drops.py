"""Which drops are possible: scores between 0 and 1 stay between 0 and 1."""

import math
from dataclasses import dataclass
from typing import Final

from prunescope.curves.curve import Curves
from prunescope.curves.dense import dense_score
from prunescope.statistics.paired import Interval
from prunescope.study import Manifest
from prunescope.study.metric_summary import MetricSummary

VAGUE: Final = 0.4
"""An interval over more than this share of what is possible tells next to nothing."""


@dataclass(frozen=True)
class PossibleDrops:
    """The least and the largest drop that a score allows; infinite where nothing bounds it.

    Attributes:
        least: Dense minus best possible score: 0 for an agreement that starts at 100 %.
        most: Dense minus worst possible score.
    """

    least: float = -math.inf
    most: float = math.inf

    @property
    def bounded(self) -> bool:
        """Whether there are limits."""
        return math.isfinite(self.most - self.least)

    def clamp(self, drop: float) -> float:
        """Return the possible drop that is nearest to ``drop``."""
        return min(max(drop, self.least), self.most)

    def around(self, drop: float, half: float) -> Interval:
        """Return the interval around the possible ``drop`` as far as it is possible.

        It is at least ``half`` wide, or as wide as everything that is possible: what is cut off
        lies on one side of ``drop``, and never both.
        """
        mean = self.clamp(drop)
        return Interval(mean, self.clamp(mean - half), self.clamp(mean + half))

    def cut(self, interval: Interval) -> Interval:
        """Return ``interval`` without what is impossible."""
        return Interval(*map(self.clamp, (interval.mean, interval.low, interval.high)))

    def is_vague(self, interval: Interval) -> bool:
        """Return whether ``interval`` leaves more than ``VAGUE`` of everything open."""
        return self.bounded and interval.high - interval.low > VAGUE * (self.most - self.least)


def possible_drops(manifest: Manifest, study_curves: Curves, recovery: str) -> PossibleDrops:
    """Return which drops are possible with ``recovery``.

    Scores of a user's own metric are taken to lie between 0 and 1 when all that were measured do.
    """
    dense = dense_score(manifest, study_curves, recovery)
    metric = manifest.metric
    if not metric.is_share:
        return _bounded_by(metric, dense)
    if not 0 <= dense <= 1 or manifest.scale > 1:
        return PossibleDrops()
    points = (point for curve in study_curves.values() for point in curve.points)
    if not counts_samples(manifest) and any(not 0 <= p.score <= 1 for p in points):
        return PossibleDrops()
    return PossibleDrops(dense - 1, dense)


def counts_samples(manifest: Manifest) -> bool:
    """Return whether every score is 0 or 1: top-k, and agreement."""
    name = manifest.reference.metric
    return name == "agreement" or name.startswith("top-")


def _bounded_by(metric: MetricSummary, dense: float) -> PossibleDrops:
    """The drops between a metric's least and most value, where it has them."""
    ends = [None if end is None else metric.stored(end) for end in (metric.least, metric.most)]
    low, high = ends if metric.higher_is_better else reversed(ends)
    return PossibleDrops(
        -math.inf if high is None else dense - high, math.inf if low is None else dense - low
    )
