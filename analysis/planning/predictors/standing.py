"""Which predictor is in force, how it is corrected, and how far it was off.

In force is the weighted mean of predictors that err in different ways: two that add and two that
combine logits. Each is corrected by its own slope first. Its weight is its back-test error on the
study's verified plans, each predicted from the others alone, to the power of ``-SHARPNESS``. Few
plans judge badly, so every predictor starts with ``BEFORE`` imagined plans on which it did as well
as on the networks that it was developed on: ``PRIOR`` says how its error compares. Networks with
batch norm start with composition, others with superposition (SCIENCE 2.4). Errors are compared
relative to the drop, so that one ruined plan does not decide for all others. Where a member cannot
be had (no logits), the one predictor with the least error is in force.

The mean was chosen by calibration plans and by 250 random plans of three sample models that no
table reports: against picking the best, its p90 error was a tenth to a quarter smaller.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from analysis.planning.predictors.correction import Link, slopes
from analysis.planning.predictors.interval import normaliser
from analysis.planning.predictors.record import Record, Trial
from analysis.planning.predictors.registry import (
    BOTH,
    COMBINES,
    COMPOSITION,
    MEAN,
    MEMBERS,
    SUM,
    SUPERPOSITION,
)
from analysis.planning.predictors.scales import Scale, scales_of
from analysis.study import Manifest

BEFORE: Final = 3.0
"""Verified plans that the prior order counts as."""

SHARPNESS: Final = 4.0
"""How strongly small errors draw the weight; 0 is the plain mean, infinity picks the best."""

ROUND: Final = 0.01
"""Added to the drop that an error is compared with: below a point all errors weigh alike."""

_LEAST: Final = 1e-6
_SUMS: Final = 1.6
_LOGITS: Final = 1.3
PRIOR: Final[Mapping[bool, Mapping[str, float]]] = {
    True: dict.fromkeys(COMBINES, _LOGITS) | {COMPOSITION: 1.0, BOTH: 1.1},
    False: dict.fromkeys(COMBINES, _LOGITS) | {SUPERPOSITION: 1.0, BOTH: 1.1},
}
"""With batch norm or without → predictor → its usual error relative to the best one's."""


@dataclass(frozen=True)
class Standing:
    """The predictor in force for a plan.

    Attributes:
        name: Of the predictor.
        link: What slopes act on.
        parts: Predictor → its weight and its slope in log-odds; the weights add up to 1, and the
            slopes are 1 without verified plans.
        errors: Per verified plan: predicted minus measured drop, predicted without that plan.
        expected: Per verified plan the drop so predicted.
        scales: Other figure → how it is corrected, and how far it was off; empty without plans.
    """

    name: str
    link: Link
    parts: Mapping[str, tuple[float, float]]
    errors: tuple[float, ...] = ()
    expected: tuple[float, ...] = ()
    scales: Mapping[str, Scale] = field(default_factory=dict)

    @property
    def slope(self) -> float:
        """By which the parts are corrected, on the weighted mean."""
        return math.fsum(weight * slope for weight, slope in self.parts.values())

    def corrected(self, drops: Mapping[str, float]) -> float:
        """Return what the parts' ``drops``, as predicted from single layers, mean together."""
        return math.fsum(
            weight * self._corrected(drops[name], slope)
            for name, (weight, slope) in self.parts.items()
        )

    def _corrected(self, drop: float, slope: float) -> float:
        if slope == 1:
            return drop
        return float(self.link.drop(slope * self.link.change(np.array(drop))))

    @property
    def scores(self) -> list[float]:
        """The errors' sizes, normalised as the interval wants them."""
        return [
            abs(error) / normaliser(expected)
            for error, expected in zip(self.errors, self.expected, strict=True)
        ]


def standing(
    manifest: Manifest, record: Record, available: Sequence[str], only: str | None = None
) -> Standing:
    """Return the predictor in force among ``available``.

    Args:
        manifest: Of the study.
        record: Verified plans, without the one that is to be predicted.
        available: Predictors that can say something of the plan.
        only: Take this predictor, whatever its record.
    """
    link, prior, trials = _link(manifest), _prior(manifest), record.trials
    wanted = MEMBERS if only == MEAN else [only] if only else available
    names = [name for name in wanted if name != MEAN and _known(name, trials)]
    mixed = only in (None, MEAN) and set(MEMBERS) <= set(names)
    names = list(MEMBERS) if mixed else names
    if not names:
        return Standing(only or SUM, link, {only or SUM: (1.0, 1.0)})
    start = np.array([prior.get(name, _SUMS) for name in names])
    if not trials:
        weights = _weights(start) if mixed else _first(start)
        return _standing(link, names, weights, np.ones(len(names)), mixed)
    guesses = np.array([[trial.guesses[name].drop for name in names] for trial in trials])
    real = np.array([trial.real.drop for trial in trials])
    every, without = slopes(link.change(guesses), link.change(real))
    expected = link.drop(without * link.change(guesses))
    loss = np.abs(expected - real[:, None]) / (np.abs(real)[:, None] + ROUND)
    before = BEFORE * start * float(np.median(loss.mean(axis=0)))
    weigh = _weights if mixed else _first
    weights = weigh((loss.sum(axis=0) + before) / (len(trials) + BEFORE))
    others = (loss.sum(axis=0) - loss + before) / (len(trials) - 1 + BEFORE)
    alone = np.sum(weigh(others) * expected, axis=1)
    found = _standing(link, names, weights, every, mixed)
    return replace(
        found, errors=tuple(map(float, alone - real)), expected=tuple(map(float, alone)),
        scales=scales_of(trials, BOTH if mixed else found.name),
    )  # fmt: skip


def _standing(
    link: Link, names: Sequence[str], weights: np.ndarray, every: np.ndarray, mixed: bool
) -> Standing:
    parts = {
        name: (float(weight), float(slope))
        for name, weight, slope in zip(names, weights, every, strict=True)
        if weight > 0
    }
    return Standing(MEAN if mixed else next(iter(parts)), link, parts)


def _known(name: str, trials: Sequence[Trial]) -> bool:
    return all(name in each.guesses and math.isfinite(each.guesses[name].drop) for each in trials)


def _weights(loss: np.ndarray) -> np.ndarray:
    """Weights along the last axis, the larger the smaller the loss."""
    found = np.maximum(loss, _LEAST) ** -SHARPNESS
    shares: np.ndarray = found / found.sum(axis=-1, keepdims=True)
    return shares


def _first(loss: np.ndarray) -> np.ndarray:
    """All weight on the smallest loss along the last axis."""
    found: np.ndarray = np.eye(loss.shape[-1])[loss.argmin(axis=-1)]
    return found


def _prior(manifest: Manifest) -> Mapping[str, float]:
    """Return predictor → its usual error relative to the best one's, for such a network."""
    return PRIOR[any(tensor.name.endswith("running_mean") for tensor in manifest.tensors)]


def _link(manifest: Manifest) -> Link:
    baseline = manifest.baseline.score if manifest.baseline else 1.0
    return Link(baseline, 0 < baseline < 1)
