"""Which samples are looked at first: those near a decision, drawn by strata. Torch-free.

Pruning changes the answers of samples near a decision first: on ResNet-20 the tenth with the
smallest margins holds half to four fifths of all that change. So samples are cut into strata by the
dense network's margin, the low ones are drawn more densely, and every mean weighs the strata by
their size. That leaves a fifth to two thirds of the variance of a simple random sample.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from prunescope.arrays import Floats, Integers

CUTS: Final = (0.025, 0.05, 0.1, 0.2, 0.4)
"""Shares of the samples, by rising margin, at which strata end."""
_CHANGES: Final = (0.45, 0.3, 0.18, 0.08, 0.02, 0.004)
"""How large a share of a stratum changes its answer, about, where the drop is a few points."""
_PROPORTIONAL: Final = 0.25
"""Share of the samples that are drawn in proportion, whatever the margins say."""
FIRST: Final = 64


@dataclass(frozen=True)
class Strata:
    """Samples in strata.

    Attributes:
        of: ``(n,)`` the stratum of each sample, from 0.
        sizes: ``(strata,)`` how many samples each has.
    """

    of: Integers
    sizes: Integers

    @property
    def weights(self) -> Floats:
        """``(strata,)`` shares of all samples."""
        return np.asarray(self.sizes / self.sizes.sum(), np.float64)

    @property
    def samples(self) -> int:
        """How many samples there are."""
        return len(self.of)


def strata(margins: Floats | None, samples: int) -> Strata:
    """Return samples cut by their margins; one stratum where there are none.

    Args:
        margins: ``(samples,)`` how far each sample is from another answer; None where the metric
            has no answers that change.
        samples: How many there are.

    >>> strata(None, 3).sizes.tolist()
    [3]
    """
    of = np.zeros(samples, np.int64)
    if margins is not None:
        rank = np.empty(samples)
        rank[np.argsort(margins, kind="stable")] = (np.arange(samples) + 0.5) / samples
        _, of = np.unique(np.searchsorted(np.array(CUTS), rank), return_inverse=True)
    return Strata(of, np.bincount(of))


def allocation(cut: Strata, ends: Sequence[int]) -> Integers:
    """Return how many samples of each stratum the first ``ends[k]`` hold, ``(ends, strata)``.

    Rows rise, each sums to its end, and the last is the sizes where it is the number of samples.
    """
    weights = cut.weights
    changes = np.array(_CHANGES) if len(weights) == len(_CHANGES) else np.ones(len(weights))
    optimal = weights * np.sqrt(changes)
    shares = (1 - _PROPORTIONAL) * optimal / optimal.sum() + _PROPORTIONAL * weights
    taken = np.zeros(len(weights), np.int64)
    rows = []
    for end in ends:
        while (missing := end - int(taken.sum())) > 0:
            behind = np.where(taken < cut.sizes, shares * end - taken, -np.inf)
            chosen = np.argsort(-behind, kind="stable")
            step = max(1, missing // len(weights))
            first = chosen[0]
            reach = max(1, round(float(behind[first]))) if behind[first] > 0 else step
            taken[first] += min(missing, reach, int(cut.sizes[first] - taken[first]))
        rows.append(taken.copy())
    return np.array(rows, np.int64)


def drawn(cut: Strata, ends: Sequence[int], seed: int) -> Integers:
    """Return an order of all samples whose first ``ends[k]`` are ``allocation``'s, at random.

    Args:
        cut: The strata.
        ends: Rising, the last one the number of samples.
        seed: Of the order within strata.

    Returns:
        ``(samples,)`` int64, a permutation.
    """
    random = np.random.default_rng(seed)
    queues = [random.permutation(np.flatnonzero(cut.of == h)) for h in range(len(cut.sizes))]
    before = np.zeros(len(queues), np.int64)
    parts = []
    for row in allocation(cut, ends):
        part = np.concatenate([queue[a:b] for queue, a, b in zip(queues, before, row, strict=True)])
        parts.append(random.permutation(part))
        before = row
    return np.concatenate(parts).astype(np.int64)
