"""Correct a predictor by what it got wrong: one slope in log-odds, shrunk towards none.

With ``l(A) = log(A / (1 − A))`` of a score between 0 and 1, the change that a predictor expects is
``φ = l(A0 − predicted) − l(A0)`` and the real one ``y = l(A0 − measured) − l(A0)``. The slope of
``y = β φ`` is that of a regression whose noise grows with the change
(``σ² = FLOOR² + (SPREAD φ)²``) and whose prior is ``β ~ N(1, TRUST²)``:

    β = (Σ φ y / σ² + 1 / TRUST²) / (Σ φ² / σ² + 1 / TRUST²)

One verified plan moves the slope a little over half of the way to what it says; sixteen leave
little of the prior. Scores that are no fractions are corrected by the same rule on plain drops.

Source: SCIENCE 2.4, "Correction with K verified combinations"; the shrinkage is added here.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import expit, logit

FLOOR: Final = 0.03
SPREAD: Final = 0.25
TRUST: Final = 0.3
_EDGE: Final = 1e-4


@dataclass(frozen=True)
class Link:
    """How drops become what the slope acts on.

    Attributes:
        baseline: The dense score.
        odds: Whether scores are fractions, so that log-odds exist; else drops stay drops.
    """

    baseline: float
    odds: bool = True

    def change(self, drop: np.ndarray) -> np.ndarray:
        """Return the change of log-odds that each ``drop`` means."""
        if not self.odds:
            return -np.asarray(drop, float)
        score = np.clip(self.baseline - np.asarray(drop, float), _EDGE, 1 - _EDGE)
        found: np.ndarray = logit(score) - logit(self.baseline)
        return found

    def drop(self, change: np.ndarray) -> np.ndarray:
        """Return the drop that each ``change`` of log-odds means."""
        if not self.odds:
            return -np.asarray(change, float)
        found: np.ndarray = self.baseline - expit(logit(self.baseline) + np.asarray(change, float))
        return found


def slopes(
    expected: np.ndarray, real: np.ndarray, floor: float = FLOOR
) -> tuple[np.ndarray, np.ndarray]:
    """Return each predictor's slope from all verified plans, and leaving out one at a time.

    Args:
        expected: ``(plans, predictors)`` predicted changes.
        real: ``(plans,)`` measured changes.
        floor: The noise of a change that is expected to be none.

    Returns:
        ``(predictors,)``, and ``(plans, predictors)`` without the plan of that row.
    """
    weight = 1 / (floor**2 + (SPREAD * expected) ** 2)
    above = weight * expected * real[:, None]
    below = weight * expected**2
    prior = 1 / TRUST**2
    up, down = above.sum(axis=0) + prior, below.sum(axis=0) + prior
    return np.maximum(up / down, 0.0), np.maximum((up - above) / (down - below), 0.0)
