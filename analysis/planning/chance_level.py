"""What guessing scores, and whether a plan is predicted to be hardly better."""

import math
from typing import Final

import numpy as np

from prunescope.planning.prediction import LogitOperators
from prunescope.study import Manifest

_NEAR: Final = 0.25
"""A plan that keeps at most this share of what the dense network has above chance is near it."""

_COLLAPSED: Final = 0.6
"""Of log(classes): a plan whose KL to the dense network is predicted larger may well be near it."""


def class_count(manifest: Manifest, operators: LogitOperators | None) -> int:
    """Return how many classes the network tells apart; 0 where the study does not know."""
    if manifest.classes:
        return len(manifest.classes)
    dense = operators.dense("none") if operators is not None else None
    return 0 if dense is None or not len(dense.labels) else int(dense.labels.max()) + 1


def chance_level(manifest: Manifest, operators: LogitOperators | None) -> float | None:
    """Return what always answering with the commonest classes scores, 0 to 1.

    Without stored labels, classes count as equally common. None for metrics of which that is not
    known.

    >>> from types import SimpleNamespace
    >>> told = SimpleNamespace(reference=SimpleNamespace(metric="top-1"), classes=tuple("abcd"))
    >>> chance_level(told, None)
    0.25
    """
    metric = manifest.reference.metric
    if metric == "agreement":
        guesses = 1
    elif metric.startswith("top-") and metric.removeprefix("top-").isdigit():
        guesses = int(metric.removeprefix("top-"))
    else:
        return None
    dense = operators.dense("none") if operators is not None else None
    if dense is not None and len(dense.labels) and metric != "agreement":
        shares = np.sort(np.bincount(dense.labels) / len(dense.labels))[::-1]
        return float(shares[:guesses].sum())
    classes = class_count(manifest, operators)
    return min(guesses / classes, 1.0) if classes else None


def collapsed(divergence: float, classes: int) -> bool:
    """Return whether a KL to the dense network is so near even odds that predictions fail.

    >>> collapsed(1.64, 10), collapsed(0.9, 10), collapsed(float("nan"), 10)
    (True, False, False)
    """
    return classes > 1 and divergence > _COLLAPSED * math.log(classes)


def near_chance(score: float, chance: float | None, dense: float) -> bool:
    """Return whether ``score`` keeps next to nothing of what ``dense`` has above ``chance``.

    >>> near_chance(0.18, 0.1, 0.967), near_chance(0.52, 0.1, 0.9), near_chance(0.1, None, 0.9)
    (True, False, False)
    """
    return chance is not None and dense > chance and score <= chance + _NEAR * (dense - chance)
