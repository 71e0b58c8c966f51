"""What predicted logits mean: score, cross-entropy, divergence, agreement, recall per class."""

import math
from dataclasses import dataclass, field

import numpy as np

from analysis.planning.predictors.cells import Dense
from analysis.planning.predictors.coordinates import divergence, drop_of, log_softmax


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
        return min(self.recalls, key=lambda each: each.pruned, default=None)


def forecast(dense: Dense, rows: np.ndarray, metric: str) -> Forecast:
    """Return everything that predicted logits ``(n, k)`` say.

    Args:
        dense: What they are compared with.
        rows: Of the samples in the study's order, in the dense model's coordinates.
        metric: As in the study's reference.
    """
    before = log_softmax(dense.reference.rows)
    after = log_softmax(rows)
    own = (np.arange(dense.samples), dense.coordinates.target)
    right = rows.argmax(axis=1) == dense.coordinates.target
    right_before = dense.reference.rows.argmax(axis=1) == dense.coordinates.target
    counts = np.bincount(dense.labels)
    now = np.bincount(dense.labels, weights=right, minlength=len(counts))
    then = np.bincount(dense.labels, weights=right_before, minlength=len(counts))
    return Forecast(
        drop=drop_of(dense.reference.rows, rows, dense.coordinates.target, metric),
        entropy=float(np.mean(before[own] - after[own], dtype=np.float64)),
        divergence=divergence(dense.reference.rows, rows),
        agreement=float(np.mean(rows.argmax(axis=1) == dense.reference.rows.argmax(axis=1))),
        recalls=tuple(
            Recall(
                int(label), float(then[label] / counts[label]), float(now[label] / counts[label])
            )
            for label in np.flatnonzero(counts)
        ),
        samples=dense.samples,
    )
