"""From timed smaller models to a model of time, with the error that it makes on held-out ones."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import nnls

from analysis.latency.features import Features
from analysis.latency.shapes import Floats

_RIDGES: Final = (0.003, 0.03, 0.3)
_FOLDS: Final = 5
_DENSE: Final = 5.0
FEWEST: Final = 9
"""Combinations that must be timed before an error and a 90 % interval are stated."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """A model of time relative to the dense network.

    Attributes:
        features: The columns.
        shares: Of the dense time, by column; none is negative.
        errors: ``predicted / measured − 1`` of every combination when it was held out.
        macs_errors: The same for time in proportion to multiply-accumulates.
    """

    features: Features
    shares: Floats
    errors: Floats
    macs_errors: Floats

    def ratios(self, removed: Floats) -> Floats:
        """Return predicted time divided by the dense time, ``(plans,)``."""
        return np.asarray(self.features.values(removed) @ self.shares)


def fit(features: Features, removed: Floats, ratios: Floats, combined: np.ndarray) -> Fitted:
    """Return the non-negative combination of columns that explains ``ratios`` best.

    Relative errors are squared; the dense network counts more than a row. Columns of single
    shapes are held back by a ridge that is chosen by the held-out error.

    Args:
        features: The columns of work.
        removed: ``(rows, groups)`` units removed.
        ratios: ``(rows,)`` measured time divided by the dense time.
        combined: ``(rows,)`` whether a row removes from several groups: these are held out.
    """
    columns = features.values(removed)
    whole = features.values(np.zeros((1, removed.shape[1])))
    macs = features.macs(removed) / features.macs(np.zeros((1, removed.shape[1])))
    held = np.flatnonzero(combined)
    best: tuple[float, float, Floats] | None = None
    for ridge in _RIDGES:
        errors = _held_out(columns, ratios, whole, features.fine, held, ridge)
        score = float(np.median(np.abs(errors))) if len(errors) else 0.0
        if best is None or score < best[0]:
            best = (score, ridge, errors)
    assert best is not None
    shares = _solved(columns, ratios, whole, features.fine, best[1])
    return Fitted(features, shares, best[2], macs[held] / ratios[held] - 1)


def _held_out(
    columns: Floats, ratios: Floats, whole: Floats, fine: np.ndarray, held: np.ndarray, ridge: float
) -> Floats:
    errors = np.full(len(held), np.nan)
    if len(held) < FEWEST:
        return np.zeros(0)
    for fold in range(_FOLDS):
        out = np.arange(len(held)) % _FOLDS == fold
        keep = np.setdiff1d(np.arange(len(ratios)), held[out])
        shares = _solved(columns[keep], ratios[keep], whole, fine, ridge)
        errors[out] = columns[held[out]] @ shares / ratios[held[out]] - 1
    return errors


def _solved(
    columns: Floats, ratios: Floats, whole: Floats, fine: np.ndarray, ridge: float
) -> Floats:
    weights = 1 / ratios
    held_back = np.diag(np.where(fine, ridge, ridge / 10) * np.sqrt(len(ratios)))
    matrix = np.concatenate([columns * weights[:, None], whole * _DENSE, held_back])
    target = np.concatenate([np.ones(len(ratios)), [_DENSE], np.zeros(len(fine))])
    shares, _ = nnls(matrix, target, maxiter=20 * matrix.shape[1])
    return np.asarray(shares)
