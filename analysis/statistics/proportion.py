"""The intervals of a share of samples, and of a mean score where it is one. Torch-free."""

import math

from prunescope.statistics.paired import CONFIDENCE, Interval, normal_quantile
from prunescope.study.metric_summary import MetricSummary


def share_interval(hits: float, samples: int, confidence: float = CONFIDENCE) -> Interval:
    """Return the share ``hits / samples`` with its two-sided interval over samples like these.

    Args:
        hits: How many samples counted, 0 to ``samples``; a sum of scores from 0 to 1 may be given,
            whose interval is then no narrower than it need be.
        samples: At least 1.
        confidence: Coverage, 0 to 1.

    Source: Wilson 1927, the score interval, without continuity correction.

    >>> low = share_interval(50, 100).low
    >>> round(low, 4)
    0.4038
    """
    z = normal_quantile(0.5 + confidence / 2)
    share = hits / samples
    middle = (share + z * z / (2 * samples)) / (1 + z * z / samples)
    half = (
        z * math.sqrt(max(share * (1 - share), 0.0) / samples + z * z / (4 * samples * samples))
    ) / (1 + z * z / samples)
    return Interval(share, max(middle - half, 0.0), min(middle + half, 1.0))


def score_interval(score: float, samples: int, metric: MetricSummary) -> Interval | None:
    """Return the interval of a mean score over samples like these; None where it is no mean share.

    A score that is known of the whole set only (mAP, macro F1) is no mean of samples' shares, and
    others have no bounds that an interval of their mean alone could stand on.

    Args:
        score: Mean, as stored.
        samples: That it is the mean of.
        metric: What the score is.

    >>> score_interval(0.5, 100, MetricSummary("top-1")).low > 0.4
    True
    >>> score_interval(0.5, 100, MetricSummary("map", over_set=True)) is None
    True
    """
    if not metric.is_share or metric.over_set or samples < 1:
        return None
    return share_interval(min(max(score, 0.0), 1.0) * samples, samples)
