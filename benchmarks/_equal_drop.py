"""Costs at equal measured drop, read off each rule's own plans, with intervals by bootstrap.

A rule's plans are points (cost, measured drop); drops are made to rise while costs fall (isotonic
regression), and the logarithm of the cost is linear in that of the drop between them. These curves
are nearly straight there; a straight line through costs and drops themselves would lie above the
curve, the more the farther a rule's plans happen to be from the drop asked. Intervals resample the
test images, the same ones for all rules, so that what all plans get wrong cancels.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import isotonic_regression

from prunescope.arrays import Floats
from prunescope.text import units

EQUAL: Final = (0.01, 0.02, 0.04)
"""Measured drops at which costs are compared."""

_NONE: Final = 5e-4
"""A drop as good as none, where logarithms begin."""

_RESAMPLED: Final = 500
_INTERVAL: Final = (2.5, 97.5)


@dataclass(frozen=True)
class Line:
    """The measured plans of one rule.

    Attributes:
        costs: ``(plans,)`` fractions of the dense network's.
        drops: ``(plans, images)`` what each image's score lost.
    """

    costs: Floats
    drops: npt.NDArray[np.int8]

    def at_equal(self, weights: Floats) -> Floats:
        """Return ``(resamples, len(EQUAL))`` costs; NaN past the last plan.

        Args:
            weights: ``(resamples, images)``, adding up to 1 per resample.
        """
        order = np.argsort(-self.costs, kind="stable")
        means = weights @ self.drops[order].T.astype(float)
        costs = np.concatenate([[1.0], self.costs[order]])
        found = np.full((len(weights), len(EQUAL)), np.nan)
        for row, mean in zip(found, means, strict=True):
            rising = np.maximum(np.concatenate([[0.0], isotonic_regression(mean).x]), _NONE)
            for place, drop in enumerate(EQUAL):
                if drop <= rising[-1]:
                    row[place] = np.exp(np.interp(np.log(drop), np.log(rising), np.log(costs)))
        return found


def compared(lines: Mapping[str, Line], first: str, seed: int = 0) -> Iterator[dict[str, str]]:
    """Yield a row per rule: its costs at equal drops, and what rule ``first`` needs of them.

    The last column is the median over the drops, with its 95 % interval.
    """
    images = lines[first].drops.shape[1]
    made = np.random.default_rng(seed)
    weights = np.concatenate(
        [np.full((1, images), 1 / images),
         made.multinomial(images, np.full(images, 1 / images), _RESAMPLED) / images]
    )  # fmt: skip
    own = lines[first].at_equal(weights)
    for name, line in lines.items():
        costs = line.at_equal(weights)
        ratios = np.array([_median(row) for row in own / costs])
        low, high = np.nanpercentile(ratios, _INTERVAL) if np.isfinite(ratios).any() else (0, 0)
        yield {
            "rule": name,
            **{f"at {100 * d:g} pt": _percent(c) for d, c in zip(EQUAL, costs[0], strict=True)},
            f"{first} needs": "–" if name == first or np.isnan(ratios[0])
            else f"{ratios[0]:.2f} × ({low:.2f} to {high:.2f})",
        }  # fmt: skip


def _median(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else np.nan


def _percent(value: float) -> str:
    return units.percent(value)
