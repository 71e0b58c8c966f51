"""What is said of drops that were predicted, not measured."""

import math

from prunescope.text.numbers import counted
from prunescope.text.scores import ScoreWords

SMALL = 0.05
"""Drops up to which the mean error is told: five points, or five per cent of the dense score."""


def prediction_sentence(
    anchors: int, error: float, words: ScoreWords, granularity: str = "weight"
) -> str:
    """Return how far predictions may be off, as their measured points say.

    Args:
        anchors: Measured points.
        error: Mean absolute error of those with small drops, each predicted from the others; NaN
            where none has a small one.
        words: Of the study's metric.
        granularity: Of what is predicted.
    """
    weights = granularity == "weight"
    basis = (
        "Predicted from the gradient of the dense answers and second moments"
        if weights
        else "Units are predicted from the pruned answers to a few samples"
    )
    off = (
        f"those that lose up to {words.limit(words.usual(SMALL))} are off by {words.drop(error)} "
        "on average when each is predicted from the others"
        if not math.isnan(error)
        else f"none of them loses less than {words.limit(words.usual(SMALL))}, so small "
        f"{words.loss_word}s are the least known"
    )
    return (
        f"{basis}, fitted on {counted(anchors, 'measured point')}: {off}. The 95 % interval of "
        "each prediction is made of these errors."
    )
