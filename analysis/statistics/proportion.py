"""The interval of a share of samples. Torch-free."""

import math

from prunescope.statistics.paired import CONFIDENCE, Interval, normal_quantile


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
