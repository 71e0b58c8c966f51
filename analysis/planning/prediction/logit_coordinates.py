"""The coordinates in which logits are compared: all classes, or each sample's likely ones.

With few classes the coordinates are the classes. With many they are, per sample, the classes
that the dense model finds likeliest, the label among them, and the log of all the others' summed
exponentials. That is enough for a prediction, and ``n`` samples of a thousand classes fit in
memory. The log-softmax over coordinates is exact; classes that the dense model finds unlikely are
counted together.
"""

import math
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from scipy.special import logsumexp, ndtr

MOST: Final = 64
"""Up to this many classes, the coordinates are the classes."""

LIKELY: Final = 32


@dataclass(frozen=True)
class Coordinates:
    """How logits become rows of coordinates.

    Attributes:
        picked: ``(n, LIKELY)`` class indices, or None where the coordinates are the classes.
        target: ``(n,)`` the coordinate of each sample's label.
    """

    picked: np.ndarray | None
    target: np.ndarray

    @classmethod
    def of(cls, dense: np.ndarray, labels: np.ndarray) -> Self:
        """Return the coordinates for ``dense`` logits ``(n, classes)`` and ``(n,)`` labels."""
        if dense.shape[1] <= MOST:
            return cls(None, labels.astype(np.intp))
        order = np.argsort(-dense, axis=1, kind="stable")[:, :LIKELY].astype(np.intp)
        is_label = order == labels[:, None]
        outside = ~is_label.any(axis=1)
        order[outside, -1] = labels[outside]
        target = np.where(outside, LIKELY - 1, is_label.argmax(axis=1))
        return cls(order, target.astype(np.intp))

    def single_classes(self, rows: np.ndarray) -> np.ndarray:
        """Return the columns of ``rows`` that stand for one class each.

        The summed exponentials of all others are no class: where logits are flat they exceed every
        class's, so that whoever lets them compete finds the dense model wrong on every sample.
        """
        return rows if self.picked is None else rows[:, :LIKELY]

    def __call__(self, logits: np.ndarray) -> np.ndarray:
        """Return rows ``(m, k)`` float32 of the first ``m`` samples' ``logits``.

        They are centred over single classes.
        """
        rows = np.asarray(logits, np.float32)
        if self.picked is not None:
            chosen = self.picked[: len(rows)]
            likely = np.take_along_axis(rows, chosen, axis=1)
            others = rows.copy()
            np.put_along_axis(others, chosen, -np.inf, axis=1)
            rest = logsumexp(others, axis=1, keepdims=True).astype(np.float32)
            rows = np.concatenate([likely, rest], axis=1)
        centred: np.ndarray = rows - self.single_classes(rows).mean(axis=1, keepdims=True)
        return centred


def log_softmax(rows: np.ndarray) -> np.ndarray:
    """Return log-probabilities of ``rows`` ``(n, k)``."""
    shifted = rows - rows.max(axis=1, keepdims=True)
    log_probabilities: np.ndarray = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return log_probabilities


def drop_of(
    dense: np.ndarray, pruned: np.ndarray, target: np.ndarray, metric: str, doubt: float = 0.0
) -> float:
    """Return dense minus pruned score of rows ``(n, k)``; NaN where logits do not give the metric.

    Args:
        dense: Rows of the dense model.
        pruned: Rows of the pruned one, of the same samples.
        target: ``(n,)`` coordinate of each label.
        metric: As in the study's reference.
        doubt: Standard deviation by which predicted margins may be wrong: a sample then counts
            with the probability that it is right, so that one near the border is not all or none.
    """
    before, after = hits(dense, target, metric), hits(pruned, target, metric)
    if before is None or after is None:
        return math.nan
    if doubt > 0 and metric in ("top-1", "agreement"):
        after = ndtr(_margins(pruned, target) / doubt)
    return float(before.mean() - after.mean())


def hits(rows: np.ndarray, target: np.ndarray, metric: str) -> np.ndarray | None:
    """Return which samples ``(n,)`` bool the metric counts as right, or None for other metrics."""
    if metric in ("top-1", "agreement"):
        return np.asarray(rows.argmax(axis=1) == target)
    if metric == "top-5":
        own = np.take_along_axis(rows, target[:, None], axis=1)
        return np.asarray((rows > own).sum(axis=1) < 5)
    return None


def _margins(rows: np.ndarray, target: np.ndarray) -> np.ndarray:
    """``(n,)`` by how much each sample's own logit exceeds all others."""
    own = (np.arange(len(rows)), target)
    others = rows.copy()
    others[own] = -np.inf
    margins: np.ndarray = rows[own] - others.max(axis=1)
    return margins


def divergence(before: np.ndarray, after: np.ndarray) -> float:
    """Return the mean KL(before ‖ after) in nats of log-probabilities ``(n, k)``, at least 0."""
    per_sample = np.sum(np.exp(before) * (before - after), axis=1)
    return max(float(np.mean(per_sample, dtype=np.float64)), 0.0)
