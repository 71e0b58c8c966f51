"""Which predictor is in force, how it is corrected, and how far it was off.

The predictor in force is the one with the least back-test error on the study's verified plans,
each predicted from the others alone. Few plans choose badly, so every predictor starts with
``BEFORE`` imagined plans on which it did as well as on the networks that it was developed on:
``PRIOR`` says how its error compares. Networks with batch norm start with composition, others
with superposition (SCIENCE 2.4). Errors are compared relative to the drop, so that one ruined
plan does not decide for all others.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from analysis.planning.predictors.correction import Link, slopes
from analysis.planning.predictors.interval import normaliser
from analysis.planning.predictors.record import Record
from analysis.planning.predictors.registry import (
    BOTH,
    COMBINES,
    COMPOSITION,
    SUM,
    SUPERPOSITION,
)
from analysis.planning.predictors.scales import Scale, scales_of
from analysis.study import Manifest

BEFORE: Final = 3.0
"""Verified plans that the prior order counts as."""

ROUND: Final = 0.01
"""Added to the drop that an error is compared with: below a point all errors weigh alike."""

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
        slope: By which it is corrected, in log-odds; 1 without verified plans.
        link: What the slope acts on.
        errors: Per verified plan: predicted minus measured drop, predicted without that plan.
        expected: Per verified plan the drop so predicted.
        scales: Other figure → how it is corrected, and how far it was off; empty without plans.
    """

    name: str
    slope: float
    link: Link
    errors: tuple[float, ...] = ()
    expected: tuple[float, ...] = ()
    scales: Mapping[str, Scale] = field(default_factory=dict)

    def corrected(self, drop: float) -> float:
        """Return what ``drop``, as predicted from single layers, becomes after the correction."""
        if self.slope == 1:
            return drop
        return float(self.link.drop(self.slope * self.link.change(np.array(drop))))

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
    link = _link(manifest)
    prior = _prior(manifest)
    trials = record.trials
    names = [
        name
        for name in ([only] if only else available)
        if all(name in each.guesses and math.isfinite(each.guesses[name].drop) for each in trials)
    ]
    if not names:
        return Standing(only or SUM, 1.0, link)
    start = np.array([prior.get(name, _SUMS) for name in names])
    if not trials:
        return Standing(names[int(start.argmin())], 1.0, link)
    guesses = np.array([[trial.guesses[name].drop for name in names] for trial in trials])
    real = np.array([trial.real.drop for trial in trials])
    every, without = slopes(link.change(guesses), link.change(real))
    expected = link.drop(without * link.change(guesses))
    errors = expected - real[:, None]
    loss = np.abs(errors) / (np.abs(real)[:, None] + ROUND)
    total = loss.sum(axis=0)
    usual = float(np.median(loss.mean(axis=0)))
    chosen = int((total + BEFORE * start * usual).argmin())
    rest = (total[None] - loss + BEFORE * start * usual).argmin(axis=1)
    rows = np.arange(len(trials))
    return Standing(
        names[chosen], float(every[chosen]), link,
        tuple(map(float, errors[rows, rest])), tuple(map(float, expected[rows, rest])),
        scales_of(trials, names[chosen]),
    )  # fmt: skip


def _prior(manifest: Manifest) -> Mapping[str, float]:
    """Return predictor → its usual error relative to the best one's, for such a network."""
    return PRIOR[any(tensor.name.endswith("running_mean") for tensor in manifest.tensors)]


def _link(manifest: Manifest) -> Link:
    baseline = manifest.baseline.score if manifest.baseline else 1.0
    return Link(baseline, 0 < baseline < 1)
