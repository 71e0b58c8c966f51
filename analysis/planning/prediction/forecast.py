"""Read off predicted logits: drop, cross-entropy, divergence, agreement, recall per class."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from prunescope.planning.prediction.logit_coordinates import divergence, log_softmax
from prunescope.planning.prediction.logit_operators import Dense
from prunescope.planning.prediction.predicted_effects import PredictedEffects

_MOST: Final = 4.0
_HALVINGS: Final = 12
"""Bisection steps for the factor by which changes of recall are scaled."""


@dataclass(frozen=True)
class Recall:
    """How many samples of one class are classified rightly.

    Attributes:
        label: The class's number.
        dense: Fraction by the dense model, 0 to 1.
        pruned: Fraction predicted for the plan.
    """

    label: int
    dense: float
    pruned: float


@dataclass(frozen=True)
class Forecast:
    """What is expected of a plan on the samples whose logits are stored.

    Attributes:
        drop: Dense minus pruned score; NaN where the metric cannot be read off logits.
        entropy: Change of the mean cross-entropy in nats; NaN without logits.
        divergence: Mean KL(dense ‖ pruned) in nats; NaN without logits.
        agreement: Fraction of samples with the dense model's class; NaN without logits.
        recalls: Per class with samples; empty without logits.
        samples: How many samples it was worked out on; 0 where only sums were added.
    """

    drop: float
    entropy: float = math.nan
    divergence: float = math.nan
    agreement: float = math.nan
    recalls: tuple[Recall, ...] = field(default=())
    samples: int = 0

    @property
    def worst(self) -> Recall | None:
        """The class that is recognised least; the first of several."""
        return min(self.recalls, key=lambda recall: recall.pruned, default=None)

    @property
    def figures(self) -> PredictedEffects:
        """What can be compared with a measured plan."""
        now = min((recall.pruned for recall in self.recalls), default=math.nan)
        before = min((recall.dense for recall in self.recalls), default=math.nan)
        return PredictedEffects(
            self.drop, self.entropy, self.divergence, before - now, 1 - self.agreement
        )


def shift_recalls(recalls: Sequence[Recall], fall: float) -> tuple[Recall, ...]:
    """Return ``recalls`` with all changes scaled by one factor, so that the least falls so far.

    Args:
        recalls: As predicted, at least one.
        fall: Wanted difference of the least dense recall and the least pruned one. The factor is
            between 0 and ``_MOST``, so it may be met only approximately.
    """

    def scaled(times: float) -> tuple[Recall, ...]:
        return tuple(
            replace(r, pruned=min(max(r.dense + times * (r.pruned - r.dense), 0.0), 1.0))
            for r in recalls
        )

    target = min(recall.dense for recall in recalls) - fall
    low, high = 0.0, _MOST
    if min(recall.pruned - recall.dense for recall in recalls) >= 0:  # no change makes any fall
        return scaled(low)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        least = min(recall.pruned for recall in scaled(middle))
        low, high = (low, middle) if least < target else (middle, high)
    return scaled(low)


def forecast(dense: Dense, rows: np.ndarray, drop: float) -> Forecast:
    """Return everything that predicted logits ``(n, k)`` say.

    Args:
        dense: What they are compared with.
        rows: Of the samples in the study's order, in the dense model's coordinates.
        drop: What they mean for the study's metric.
    """
    before, after = dense.log_probabilities, log_softmax(rows)
    label_entries = (np.arange(dense.samples), dense.coordinates.target)
    classes_alone = dense.coordinates.single_classes
    predicted_class, dense_class = (
        classes_alone(logits).argmax(axis=1) for logits in (rows, dense.reference.rows)
    )
    right, right_before = (
        classes == dense.coordinates.target for classes in (predicted_class, dense_class)
    )
    counts = np.bincount(dense.labels)
    now = np.bincount(dense.labels, weights=right, minlength=len(counts))
    then = np.bincount(dense.labels, weights=right_before, minlength=len(counts))
    return Forecast(
        drop=drop,
        entropy=float(np.mean(before[label_entries] - after[label_entries], dtype=np.float64)),
        divergence=divergence(before, after),
        agreement=float(np.mean(predicted_class == dense_class)),
        recalls=tuple(
            Recall(
                int(label), float(then[label] / counts[label]), float(now[label] / counts[label])
            )
            for label in np.flatnonzero(counts)
        ),
        samples=dense.samples,
    )
