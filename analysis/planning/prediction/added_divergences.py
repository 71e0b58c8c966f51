"""Predict by adding divergences (or cross-entropies), mapped to a drop by the study's own points.

Every measured point of the study says which drop came with which KL to the dense model; the
isotonic regression through all of them turns the sum of a plan's KLs into a drop. Smoother than
adding drops, and still blind to what layers do to each other.

Source: the map is worked out for this project (docs/science.md §2.4); isotonic regression by
``scipy.optimize.isotonic_regression``.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Self

import numpy as np
from scipy.optimize import isotonic_regression

from prunescope.curves.curve import Curve, CurvePoint, Curves
from prunescope.planning.prediction.plan_parts import Part

QUANTITIES: Final = ("divergence", "entropy")


@dataclass(frozen=True)
class DropMap:
    """From a summed change of one quantity to a drop.

    Attributes:
        quantity: ``divergence`` or ``entropy``.
        amounts: Ascending, nats.
        drops: Never falling.
    """

    quantity: str
    amounts: np.ndarray
    drops: np.ndarray

    @classmethod
    def of(cls, study_curves: Curves, recovery: str, quantity: str) -> Self | None:
        """Return the map of all points measured with ``recovery``; None without such a figure.

        The map of the same curves is made once: a page asks for it with every plan that it shows.
        """
        made = _fitted(_Same(study_curves), recovery, quantity)
        return None if made is None else cls(quantity, *made)

    def drop(self, amount: float) -> float:
        """Return the drop at ``amount``: linear from (0, 0) through the points, then constant."""
        if amount <= 0:
            return 0.0
        inside = self.amounts > 0
        amounts = np.concatenate([[0.0], self.amounts[inside]])
        drops = np.concatenate([[0.0], self.drops[inside]])
        return float(np.interp(amount, amounts, drops))


class _Same:
    """Curves as a key of a cache: the same object, as long."""

    def __init__(self, curves: Curves) -> None:
        self.curves, self.length = curves, len(curves)

    def __hash__(self) -> int:
        return hash((id(self.curves), self.length))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Same):
            return NotImplemented
        return self.curves is other.curves and self.length == other.length


@lru_cache(maxsize=8)
def _fitted(of: _Same, recovery: str, quantity: str) -> tuple[np.ndarray, np.ndarray] | None:
    pairs = [
        (float(getattr(point, quantity)), point.drop)
        for key, curve in of.curves.items()
        if key.recovery == recovery
        for point in curve.points
    ]
    pairs = sorted(pair for pair in pairs if all(map(math.isfinite, pair)))
    if not pairs:
        return None
    amounts, drops = (np.array(values) for values in zip(*pairs, strict=True))
    rising = np.asarray(isotonic_regression(drops).x)
    steps, first = np.unique(amounts, return_index=True)
    return steps, rising[first]


def summed_change(parts: Sequence[Part], quantity: str) -> float:
    """Return the sum of the parts' changes of ``quantity`` in nats; NaN where one is unknown."""
    return math.fsum(_at(part.curve, part.sparsity, quantity) for part in parts)


def damage_shares(parts: Sequence[Part]) -> dict[str, float]:
    """Return each subject's share in the parts' summed KL; in their drops where KLs are unknown."""
    amounts = [_at(part.curve, part.sparsity, "divergence") for part in parts]
    if not all(map(math.isfinite, amounts)):
        amounts = [part.curve.drop_at(part.sparsity).mean for part in parts]
    by_subject: dict[str, float] = {}
    for part, amount in zip(parts, amounts, strict=True):
        by_subject[part.subject] = by_subject.get(part.subject, 0.0) + max(amount, 0.0)
    total = math.fsum(by_subject.values())
    return {name: amount / total if total > 0 else 0.0 for name, amount in by_subject.items()}


def _at(curve: Curve, sparsity: float, quantity: str) -> float:
    """Linear between measured points, as ``Curve.drop_at``."""

    def value(point: CurvePoint) -> float:
        return float(getattr(point, quantity))

    grid = [0.0, *(point.sparsity for point in curve.points)]
    return float(np.interp(sparsity, grid, [0.0, *map(value, curve.points)]))
