"""Means over strata while samples come in, with intervals that hold at every look. Torch-free."""

from dataclasses import dataclass, field
from typing import Self

import numpy as np

from prunescope.arrays import Floats
from prunescope.finding.strata import Strata
from prunescope.statistics.confidence_sequence import quantiles
from prunescope.statistics.paired import CONFIDENCE


@dataclass(frozen=True)
class Seen:
    """What one point lost so far, stratum by stratum.

    Attributes:
        cut: The strata.
        counts: ``(strata,)`` samples seen.
        drops: ``(strata,)`` sums of the drops, dense minus pruned.
        squares: ``(strata,)`` sums of their squares.
        divergences: ``(strata,)`` sums of the divergence from the dense outputs.
    """

    cut: Strata
    counts: Floats = field(default_factory=lambda: np.zeros(0))
    drops: Floats = field(default_factory=lambda: np.zeros(0))
    squares: Floats = field(default_factory=lambda: np.zeros(0))
    divergences: Floats = field(default_factory=lambda: np.zeros(0))

    @classmethod
    def nothing(cls, cut: Strata) -> Self:
        """Return what is known before any sample."""
        zero = np.zeros(len(cut.sizes))
        return cls(cut, zero, zero, zero, zero)

    def with_samples(self, strata: np.ndarray, drops: Floats, divergences: Floats) -> "Seen":
        """Return this with further samples.

        Args:
            strata: ``(n,)`` where each belongs.
            drops: ``(n,)`` dense minus pruned.
            divergences: ``(n,)``.
        """

        def more(values: Floats) -> Floats:
            return np.bincount(strata, values, minlength=len(self.counts)).astype(np.float64)

        return Seen(
            self.cut,
            self.counts + more(np.ones(len(strata))),
            self.drops + more(drops),
            self.squares + more(drops**2),
            self.divergences + more(divergences),
        )

    @property
    def samples(self) -> int:
        """How many were seen."""
        return int(self.counts.sum())

    @property
    def drop(self) -> float:
        """The mean drop over all samples, as estimated; NaN while a stratum has none."""
        return self._mean(self.drops)

    @property
    def divergence(self) -> float:
        """The mean divergence likewise."""
        return self._mean(self.divergences)

    def deviation(self, scale: float = 1.0) -> float:
        """Return the standard error of the mean drop, with one sample added as if it had changed.

        Args:
            scale: How far one sample's score may change.
        """
        return float(np.sqrt(self._variance() + scale**2 * self._weights().mean() * self._most()))

    def half_width(self, scale: float = 1.0, confidence: float = CONFIDENCE) -> float:
        """Return how far the mean over all samples may be from ``drop``, at every look.

        The interval of ``statistics.confidence_sequence`` with strata: the variance is theirs, and
        what small counts add is taken at the weight of a sample.

        Args:
            scale: How far one sample's score may change.
            confidence: That all looks together cover.
        """
        total = self.cut.samples
        if self.samples >= total:
            return 0.0
        if not (self.counts > 0).all():
            return scale
        z = float(quantiles(self.samples, total, confidence))
        each = 1 / self.samples
        spread = self._variance() + scale**2 * each * self._most()
        return float(z * np.sqrt(spread) + scale * each * ((z**2 - 1) / 6 + 0.5))

    def _mean(self, sums: Floats) -> float:
        with np.errstate(invalid="ignore", divide="ignore"):
            return float((self.cut.weights * sums / self.counts).sum())

    def _weights(self) -> Floats:
        """What one sample of each stratum weighs in the mean."""
        return np.asarray(self.cut.weights / np.maximum(self.counts, 1), np.float64)

    def _most(self) -> float:
        """The largest weight of a sample of a stratum that is not seen to its end."""
        unseen = 1 - self.counts / self.cut.sizes
        return float((self._weights() * unseen).max())

    def _variance(self) -> float:
        counts = np.maximum(self.counts, 1)
        own = np.maximum(self.squares / counts - (self.drops / counts) ** 2, 0.0)
        own *= counts / np.maximum(counts - 1, 1)
        unseen = 1 - self.counts / self.cut.sizes
        return float((self.cut.weights**2 * unseen * own / counts).sum())
