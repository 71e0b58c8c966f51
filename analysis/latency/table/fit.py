"""From timed smaller models to a model of time, with the error that it makes on held-out ones."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import nnls

from prunescope.arrays import Floats
from prunescope.latency.table.features import Features

_RIDGES: Final = (0.003, 0.03, 0.3)
_FOLDS: Final = 10
_DENSE: Final = 5.0
FEWEST: Final = 9
"""Combinations that must be timed before an error and a 90 % interval are stated."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """A model of time relative to the dense network.

    Attributes:
        features: The columns.
        shares: Of the dense time, by column; none is negative.
        errors: ``predicted / measured − 1`` of the combinations that count, each predicted
            without anything that was timed in the same rounds.
        macs_errors: The same for time in proportion to multiply-accumulates.
    """

    features: Features
    shares: Floats
    errors: Floats
    macs_errors: Floats

    def ratios(self, removed: Floats) -> Floats:
        """Return predicted time divided by the dense time, ``(plans,)``."""
        return np.asarray(self.features.values(removed) @ self.shares)


def fit(
    features: Features, removed: Floats, ratios: Floats, held: np.ndarray, rounds: np.ndarray
) -> Fitted:
    """Return the non-negative combination of columns that explains ``ratios`` best.

    Relative errors are squared; the dense network counts more than a row. Columns of single
    shapes are held back by a ridge that is chosen by the held-out error. Rows timed in the same
    rounds are left out together: they share one dense time and the machine's state, and would
    otherwise vouch for each other.

    Args:
        features: The columns of work.
        removed: ``(rows, groups)`` units removed.
        ratios: ``(rows,)`` measured time divided by the dense time.
        held: ``(rows,)`` whether a row is like the plans that will be asked for, so that its
            held-out error counts.
        rounds: ``(rows,)`` a number for each set of rows that were timed in the same rounds.
    """
    columns = features.values(removed)
    whole = features.values(np.zeros((1, removed.shape[1])))
    macs = features.macs(removed) / features.macs(np.zeros((1, removed.shape[1])))
    counted = np.flatnonzero(held)
    folds = _folds(rounds, counted)
    best: tuple[float, float, Floats] | None = None
    for ridge in _RIDGES:
        errors = _held_out(columns, ratios, whole, features.fine, counted, folds, ridge)
        score = float(np.median(np.abs(errors))) if len(errors) else 0.0
        if best is None or score < best[0]:
            best = (score, ridge, errors)
    assert best is not None
    shares = _solved(columns, ratios, whole, features.fine, best[1])
    return Fitted(features, shares, best[2], macs[counted] / ratios[counted] - 1)


def _folds(rounds: np.ndarray, counted: np.ndarray) -> np.ndarray:
    """Which rows are left out together; where all were timed at once, one by one in turn."""
    names, own = np.unique(rounds, return_inverse=True)
    if len(names) > 1:
        return np.asarray(own % _FOLDS)
    folds = np.full(len(rounds), -1)
    folds[counted] = np.arange(len(counted)) % _FOLDS
    return folds


def _held_out(
    columns: Floats,
    ratios: Floats,
    whole: Floats,
    fine: np.ndarray,
    counted: np.ndarray,
    folds: np.ndarray,
    ridge: float,
) -> Floats:
    errors = np.full(len(counted), np.nan)
    if len(counted) < FEWEST:
        return np.zeros(0)
    for fold in np.unique(folds[counted]):
        out, keep = folds[counted] == fold, folds != fold
        shares = _solved(columns[keep], ratios[keep], whole, fine, ridge)
        errors[out] = columns[counted[out]] @ shares / ratios[counted[out]] - 1
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
