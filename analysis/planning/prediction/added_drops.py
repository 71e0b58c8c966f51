"""Predict by adding drops, the usual way to read a sensitivity sweep.

Optimistic where layers share their errors' causes, as in residual networks and behind batch norm
(docs/science.md §2.4). It needs no logits, and is the baseline that other predictors are compared
with.

Source: Han et al. 2015 (arXiv 1506.02626); criticised by EvoPress (arXiv 2410.14649).
"""

import math
from collections.abc import Sequence

from prunescope.planning.prediction.plan_parts import Part
from prunescope.statistics.paired import Interval


def added_drops(parts: Sequence[Part]) -> Interval:
    """Return the sum of the parts' drops; half-widths combine as of independent errors."""
    drops = [part.curve.drop_at(part.sparsity) for part in parts]
    mean = math.fsum(drop.mean for drop in drops)
    half = math.sqrt(math.fsum(drop.half_width**2 for drop in drops))
    return Interval(mean, mean - half, mean + half)
