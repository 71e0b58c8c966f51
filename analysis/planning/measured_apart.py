"""How far two measured plans are apart, with an interval: both saw the same samples."""

import math
from collections.abc import Callable
from typing import Final

import numpy as np

from prunescope.planning.measured_plans import MeasuredPlan
from prunescope.statistics.paired import CONFIDENCE, Interval, normal_quantile, paired_interval
from prunescope.store.plan_answers import PlanAnswers
from prunescope.study.plan import Plan

StoredAnswers = Callable[[Plan], PlanAnswers | None]
"""What is stored of a measured plan's answers, sample by sample."""
_EQUAL: Final = 1e-9


def measured_apart(
    one: MeasuredPlan,
    other: MeasuredPlan,
    answers: tuple[PlanAnswers | None, PlanAnswers | None] = (None, None),
) -> Interval | None:
    """Return the score of ``one`` less that of ``other``, with its 95 % interval.

    Where the answers of both are stored and right ones are what the metric counts, the differences
    are paired sample by sample. Else the interval holds whatever the drops of both have in common,
    and is wider: each drop's at half of the error, one after the other. Without either, None.

    Args:
        one: The plan.
        other: What it is compared with.
        answers: Of both, where they are stored.
    """
    gain = one.score - other.score
    right = [_right(stored, plan) for stored, plan in zip(answers, (one, other), strict=True)]
    if right[0] is not None and right[1] is not None and len(right[0]) == len(right[1]):
        differences = right[0] - right[1]
        return paired_interval(
            len(differences), float(differences.sum()), float(np.square(differences).sum())
        )
    of_one_dense = abs(other.drop.mean - one.drop.mean - gain) < _EQUAL
    if not of_one_dense or math.isnan(gain):
        return None
    wider = normal_quantile(0.5 + (1 + CONFIDENCE) / 4) / normal_quantile(0.5 + CONFIDENCE / 2)
    below = one.drop.high - one.drop.mean + other.drop.mean - other.drop.low
    above = one.drop.mean - one.drop.low + other.drop.high - other.drop.mean
    return Interval(gain, gain - wider * below, gain + wider * above)


def _right(stored: PlanAnswers | None, measured: MeasuredPlan) -> np.ndarray | None:
    """``(n,)`` 1.0 where the answer is right, if the shares of right ones are the plan's score."""
    if stored is None or not stored.samples or len(stored.target) != stored.samples:
        return None
    right = (np.asarray(stored.pruned) == np.asarray(stored.target)).astype(float)
    return right if abs(right.mean() - measured.score) < _EQUAL else None
