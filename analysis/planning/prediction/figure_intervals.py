"""The intervals of a predicted cross-entropy, KL and worst recall, as far as they are possible."""

import math
from dataclasses import replace

from prunescope.planning.prediction.active_predictor import ActivePredictor
from prunescope.planning.prediction.added_divergences import damage_shares
from prunescope.planning.prediction.forecast import shift_recalls
from prunescope.planning.prediction.predicted_effects import PredictedEffects
from prunescope.planning.prediction.prediction import Prediction
from prunescope.planning.prediction.predictors import Case
from prunescope.statistics.paired import Interval
from prunescope.study.recoveries import MOVES_DENSE


def with_figure_intervals(
    prediction: Prediction,
    uncorrected: PredictedEffects,
    case: Case,
    active: ActivePredictor,
    above: float,
) -> Prediction:
    """Return ``prediction`` with the other figures corrected, and their intervals.

    Args:
        prediction: Of a plan of two parts or more, none past its measurements.
        uncorrected: What the predictor in force says.
        case: The plan's parts.
        active: The predictor in force.
        above: How many times as far intervals reach towards more damage as towards less.
    """
    shares = damage_shares(case.parts)
    intervals = {
        name: scale.interval(getattr(uncorrected, name), shares, above)
        for name, scale in active.figure_corrections.items()
    }
    fall = intervals.get("worst")
    entropy = _at_least(intervals.get("entropy"), -_dense_entropy(case))
    divergence = _at_least(intervals.get("divergence"), 0.0)
    worst, recalls = None, prediction.recalls
    if fall is not None and recalls:
        recalls = shift_recalls(recalls, fall.mean)
        recall = min(recall_entry.pruned for recall_entry in recalls)
        low, high = recall - (fall.high - fall.mean), recall + (fall.mean - fall.low)
        worst = Interval(recall, max(low, 0.0), min(high, 1.0))
    return replace(
        prediction,
        recalls=recalls,
        entropy=prediction.entropy if entropy is None else entropy.mean,
        divergence=prediction.divergence if divergence is None else divergence.mean,
        entropy_interval=entropy,
        divergence_interval=divergence,
        worst_interval=worst,
    )


def _at_least(interval: Interval | None, least: float) -> Interval | None:
    """``interval`` without what is below ``least``, where nothing can be."""
    if interval is None:
        return None
    return Interval(*(max(end, least) for end in (interval.mean, interval.low, interval.high)))


def _dense_entropy(case: Case) -> float:
    """The dense network's mean cross-entropy, by which it can fall at most; infinite if unknown."""
    if case.dense is not None:
        return case.dense.cross_entropy
    baseline = case.manifest.baseline
    if baseline is None or baseline.cross_entropy is None or case.recovery in MOVES_DENSE:
        return math.inf
    return baseline.cross_entropy
