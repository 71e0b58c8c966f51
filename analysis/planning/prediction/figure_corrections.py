"""Correct the predicted cross-entropy, KL and worst recall, and give each an interval.

The changes are plain differences that are 0 for the dense model, corrected as they are
(``correction``). Their intervals are made as the drop's is (``prior_interval``): what errors were
on other networks counts like a few verified plans of this study, and each of these joins them.
Errors are compared as

    score = |predicted − measured| / N,    N = |predicted| + still / √n

with ``n`` the samples of the split, for a recall those of the smallest class. An interval from a
study's own errors alone was twenty times as wide as the change after one plan: −15.7 to 19.1 nats
around 1.7. Where the logits were not combined, or the metric is a user's own, nothing is known from
other networks, and the study's own plans must be ``FEWEST`` at least.

Source: docs/science.md §2.4. ``python -m benchmarks.unseen`` prints what they cover on networks
that they were not fitted to.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from prunescope.planning.prediction.correction import NATS, PER, RECALL, Correction, Unit
from prunescope.planning.prediction.prior_interval import FEWEST, MOST, largest_score
from prunescope.planning.prediction.track_record import Trial
from prunescope.statistics.paired import Interval
from prunescope.statistics.tolerance import NINE_IN_TEN
from prunescope.study import Baseline


@dataclass(frozen=True)
class FigureScale:
    """What errors of one figure are measured by, and how large they were on other networks.

    Attributes:
        unit: For the correction.
        still: Noise of a finite sample where nothing changes, on one sample.
        spread: Root mean square of the other networks' scores.
        worth: Verified plans that those count as.
        of_class: Whether samples of one class decide rather than all.
    """

    unit: Unit
    still: float
    spread: float
    worth: float
    of_class: bool = False

    def normaliser(self, change: float, samples: int) -> float:
        """Return what an error at the predicted ``change`` is divided by."""
        return abs(change) + self.still / math.sqrt(min(max(samples, 1), MOST))


SCALES: Final[Mapping[str, FigureScale]] = {
    "entropy": FigureScale(NATS, 0.02, 0.21, 1.5),
    "divergence": FigureScale(NATS, 0.015, 0.22, 2.2),
    "worst": FigureScale(RECALL, 0.4, 0.35, 2.0, of_class=True),
}
"""Figure → its scale, as fitted to the networks of seed 1."""


@dataclass(frozen=True)
class FigureCorrection:
    """The correction of one predicted figure, and its past errors.

    Attributes:
        scale: Of the figure.
        samples: That decide: of the split, or of its smallest class.
        familiar: Whether other networks' errors count.
        correction: Of the change; None without verified plans.
        scores: Errors of the verified plans, each divided by its normaliser.
    """

    scale: FigureScale
    samples: int
    familiar: bool = True
    correction: Correction | None = None
    scores: tuple[float, ...] = ()

    def interval(
        self, change: float, shares: Mapping[str, float], above: float = 1.0
    ) -> Interval | None:
        """Return the corrected ``change`` with its interval; None when either is unknown.

        Args:
            change: As predicted.
            shares: Layer or group → its share in the plan's damage.
            above: How many times as far it reaches above the change as below: ``PICKED`` where the
                plan was picked by its prediction.
        """
        if math.isnan(change) or (not self.familiar and len(self.scores) < FEWEST):
            return None
        mean, doubt = (change, 0.0) if self.correction is None else self.correction(change, shares)
        worth = self.scale.worth if self.familiar else 0.0
        largest = largest_score(worth, self.scale.spread, self.scores)
        half = max(largest * self.scale.normaliser(mean, self.samples), NINE_IN_TEN * doubt)
        return Interval(mean, mean - half, mean + above * half)


def figure_corrections(
    trials: Sequence[Trial],
    predictor: str,
    baseline: Baseline | None = None,
    familiar: bool = True,
) -> dict[str, FigureCorrection]:
    """Return the correction of every figure that ``predictor`` and measured plans have.

    Args:
        trials: Verified plans.
        predictor: Whose figures are corrected.
        baseline: Of the dense model on the validation split.
        familiar: Whether figures are of the kind that was predicted on other networks.
    """
    samples = baseline.samples if baseline else PER
    classes = [count for count in baseline.class_samples if count] if baseline else []
    corrections = {}
    for name, scale in SCALES.items():
        deciding = min(classes, default=samples) if scale.of_class else samples
        alone = FigureCorrection(scale, deciding, familiar)
        pairs = np.array(
            [(getattr(t.guesses[predictor], name), getattr(t.real, name)) for t in trials]
        ).reshape(-1, 2)
        is_known = np.isfinite(pairs).all(axis=1)
        if not is_known.any():
            corrections[name] = alone
            continue
        expected, real = pairs[is_known].T
        shares = [
            trial.shares for trial, both_known in zip(trials, is_known, strict=True) if both_known
        ]
        correction = Correction.of(expected, real, shares, scale.unit, samples)
        scores = tuple(
            abs(e - r) / scale.normaliser(e, deciding)
            for e, r in zip(map(float, correction.left_out), map(float, real), strict=True)
        )
        corrections[name] = FigureCorrection(scale, deciding, familiar, correction, scores)
    return corrections
