"""Operators of points that were stopped early: noise for the samples that they have not seen."""

import numpy as np

from prunescope.planning.prediction.subject_operator import DenseLogits, Operator, root_mean_square


def fit_seen_samples(reference: DenseLogits, rows: np.ndarray) -> Operator:
    """Return the operator of a point of which only the first samples were evaluated.

    The operator is fitted on those samples. Every other sample gets the noise of the seen sample
    with the same dense class and the nearest dense margin, so that a plan can be predicted over all
    samples although one of its points was stopped early.

    Args:
        reference: The dense model on all ``n`` samples.
        rows: ``(m, k)`` centred logits of the first ``m <= n``.
    """
    seen, size = len(rows), len(reference.rows)
    if seen == size:
        return reference.fit(rows)
    part = DenseLogits.of(reference.rows[:seen], reference.classes).fit(rows)
    noise = np.concatenate([part.noise, part.noise[_lenders(reference.rows, seen)]])
    return Operator(part.matrix, part.shift, noise, part.scale, root_mean_square(noise))


def _lenders(dense: np.ndarray, seen: int) -> np.ndarray:
    """``(n − seen,)`` which seen sample each unseen one borrows from."""
    top_two = np.partition(dense, -2, axis=1)[:, -2:]
    margin = top_two[:, 1] - top_two[:, 0]
    winner = dense.argmax(axis=1)
    lenders = np.zeros(len(dense) - seen, np.intp)
    for name in np.unique(winner[seen:]):
        pool = np.flatnonzero(winner[:seen] == name)
        pool = pool if len(pool) else np.arange(seen)
        pool = pool[np.argsort(margin[pool], kind="stable")]
        borrowers = np.flatnonzero(winner[seen:] == name)
        position = np.searchsorted(margin[pool], margin[seen:][borrowers])
        right = np.clip(position, 0, len(pool) - 1)
        left = np.clip(position - 1, 0, len(pool) - 1)
        borrower_margins = margin[seen:][borrowers]
        nearer = np.abs(margin[pool[left]] - borrower_margins) < np.abs(
            margin[pool[right]] - borrower_margins
        )
        lenders[borrowers] = pool[np.where(nearer, left, right)]
    return lenders
