"""Correct a predictor by its errors on measured plans, depending on a plan's size and layers.

A predicted change ``e`` of a plan becomes ``e + s f``, ``s = max(e, least)``, where ``f`` is how
far the predictor is off there, relative to the change. It is taken to be a sum of three things,
each normal around 0 before any plan was measured:

    f = c + g · ln((s + 3 least) / 30 least) + Σ_l h_l q_l

with ``q_l`` the share of layer or group ``l`` in the plan's summed KL. ``c`` is an error common to
all plans, ``g`` a further one of heavily pruned plans (as behind batch norm), and ``h_l`` one of
plans that prune ``l`` and others.
Measured plans differ from that by noise of variance ``floor² + shot² s + (spread s)²``: sampling
noise of a finite number of samples, and whatever the three terms do not explain. So this is a
Gaussian process, and its mean and variance for a further plan, and for each measured plan when left
out, have closed forms. Without measured plans nothing is corrected.

Drops are corrected in log-odds, ``l(A0) − l(A0 − drop)`` of a score between 0 and 1, where changes
add up better; those of other scores as they are.

Source: Rasmussen and Williams 2006, chapter 2 (regression) and 5.4.2 (leaving one out); the terms
are this project's. The noises were chosen by calibration plans, each predicted from the others, and
by practice plans (``benchmarks/tables/prediction.md``); the spreads of the three are small because
on networks that nobody tuned on nine plans taught nothing with larger ones (docs/science.md §2.4).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from scipy.special import expit, logit

ALL: Final = 0.1
SIZE: Final = 0.05
SHARE: Final = 0.05
"""Standard deviations of ``c``, ``g`` and ``h_l`` before any plan was measured."""

PER: Final = 1000
"""Samples for which a unit's floor and shot noise are given; with more samples they shrink."""

_EDGE: Final = 1e-4


@dataclass(frozen=True)
class Unit:
    """The scale of a kind of change, and its noise.

    Attributes:
        least: Changes below it count as equally large.
        floor: Noise where nothing changes, on ``PER`` samples.
        shot: Noise that grows with the root of the change, on ``PER`` samples.
        spread: Noise relative to the change, however many samples there are.
    """

    least: float
    floor: float
    shot: float
    spread: float

    def variance(self, sizes: np.ndarray, samples: int) -> np.ndarray:
        """Return the noise's variance for changes of ``sizes``."""
        sampling = (self.floor**2 + self.shot**2 * sizes) * PER / samples
        variance: np.ndarray = sampling + (self.spread * sizes) ** 2
        return variance


LOG_ODDS: Final = Unit(0.01, 0.03, 0.12, 0.05)
NATS: Final = Unit(0.0025, 0.003, 0.02, 0.1)
RECALL: Final = Unit(0.02, 0.02, 0.1, 0.1)
"""Noisier than others, as one class has a tenth of the samples or fewer."""


@dataclass(frozen=True)
class Link:
    """The link function from drops to the changes that are corrected.

    Attributes:
        baseline: The dense score.
        odds: Whether scores are fractions, so that log-odds exist; else drops stay drops.
    """

    baseline: float
    odds: bool = True

    def change(self, drop: np.ndarray) -> np.ndarray:
        """Return by how much each ``drop`` lowers the log-odds."""
        if not self.odds:
            return np.asarray(drop, float)
        score = np.clip(self.baseline - np.asarray(drop, float), _EDGE, 1 - _EDGE)
        changes: np.ndarray = logit(self.baseline) - logit(score)
        return changes

    def drop(self, change: np.ndarray) -> np.ndarray:
        """Return the drop that lowers the log-odds by each ``change``."""
        if not self.odds:
            return np.asarray(change, float)
        drops: np.ndarray = self.baseline - expit(logit(self.baseline) - np.asarray(change, float))
        return drops


@dataclass(frozen=True)
class _Plans:
    """The inputs of the Gaussian process: changes ``(n,)`` and shares ``(n, subjects)``."""

    expected: np.ndarray
    shares: np.ndarray
    unit: Unit

    @property
    def sizes(self) -> np.ndarray:
        sizes: np.ndarray = np.maximum(self.expected, self.unit.least)
        return sizes

    def covariance(self, other: Self) -> np.ndarray:
        """The prior covariance of the two sets of plans' corrections."""
        factor = ALL**2 + SIZE**2 * np.outer(self._level, other._level)
        factor += SHARE**2 * self.shares @ other.shares.T
        covariance: np.ndarray = np.outer(self.sizes, other.sizes) * factor
        return covariance

    def bounded(self, changes: np.ndarray) -> np.ndarray:
        """``changes``, corrected downwards by at most their own size."""
        bounded: np.ndarray = np.maximum(changes, self.expected - self.sizes)
        return bounded

    @property
    def _level(self) -> np.ndarray:
        level: np.ndarray = np.log((self.sizes + 3 * self.unit.least) / (30 * self.unit.least))
        return level


@dataclass(frozen=True)
class Correction:
    """What measured plans taught about one predictor.

    Attributes:
        left_out: ``(plans,)`` each measured plan's corrected change, learnt from the others alone.
    """

    left_out: np.ndarray
    _plans: _Plans
    _subjects: tuple[str, ...]
    _samples: int
    _inverse: np.ndarray
    _weights: np.ndarray

    @classmethod
    def of(
        cls,
        expected: np.ndarray,
        real: np.ndarray,
        shares: Sequence[Mapping[str, float]],
        unit: Unit,
        samples: int,
    ) -> Self:
        """Return the correction of a predictor.

        Args:
            expected: ``(plans,)`` predicted changes, at least one, positive is worse.
            real: ``(plans,)`` measured changes.
            shares: Per plan: layer or group → its share in the plan's damage.
            unit: Of the changes.
            samples: On which they were measured.
        """
        subjects = tuple(dict.fromkeys(name for plan_shares in shares for name in plan_shares))
        plans = _Plans(expected, _table(shares, subjects), unit)
        noise = unit.variance(plans.sizes, samples)
        inverse = np.linalg.inv(plans.covariance(plans) + np.diag(noise))
        weights = inverse @ (real - expected)
        left_out = plans.bounded(real - weights / np.diag(inverse))
        return cls(left_out, plans, subjects, samples, inverse, weights)

    def __call__(self, expected: float, shares: Mapping[str, float]) -> tuple[float, float]:
        """Return the corrected change of a further plan, and its standard deviation."""
        unit = self._plans.unit
        own = _Plans(np.array([expected]), _table([shares], self._subjects), unit)
        common = own.covariance(self._plans)
        corrected = own.bounded(own.expected + common @ self._weights)
        other = sum(share**2 for name, share in shares.items() if name not in self._subjects)
        alone = own.covariance(own) + other * SHARE**2 * own.sizes**2
        variance = alone - common @ self._inverse @ common.T
        variance += unit.variance(own.sizes, self._samples)
        return float(corrected[0]), float(np.sqrt(max(variance[0, 0], 0.0)))


def _table(shares: Sequence[Mapping[str, float]], subjects: Sequence[str]) -> np.ndarray:
    table = np.zeros((len(shares), len(subjects)))
    for row, plan_shares in zip(table, shares, strict=True):
        row[:] = [plan_shares.get(name, 0.0) for name in subjects]
    return table
