"""Choose the active predictor of a study, with its correction and its past errors.

Active is the predictor with the least back-test error on the study's verified plans, where each
plan is predicted with the correction learnt from the others (``correction``). A few plans are a
poor judge, so every predictor starts with ``BEFORE`` imagined plans, on which it did as well as on
the networks that it was developed on: ``PRIOR`` says how its error compares. Networks with batch
norm start with composition, others with superposition (docs/science.md §2.4). Errors are compared
relative to the drop, so that one ruined plan does not decide for all others.

A weighted mean of several predictors was used before; once each is corrected by the size and the
layers of a plan, means of them are no better than one (``benchmarks/tables/prediction.md``).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from prunescope.planning.prediction.correction import LOG_ODDS, PER, Correction, Link
from prunescope.planning.prediction.figure_corrections import FigureCorrection, figure_corrections
from prunescope.planning.prediction.predictors import COMBINES, COMPOSITION, SUM, SUPERPOSITION
from prunescope.planning.prediction.track_record import Record, Trial
from prunescope.statistics.tolerance import normaliser
from prunescope.study import Manifest

BEFORE: Final = 8.0
"""Verified plans that the prior order counts as."""

ROUND: Final = 0.01
"""Added to the drop that an error is divided by, so that drops below a point weigh the same."""

_SUMS: Final = 1.6
_LOGITS: Final = 1.3
PRIOR: Final[Mapping[bool, Mapping[str, float]]] = {
    True: dict.fromkeys(COMBINES, _LOGITS) | {COMPOSITION: 1.0},
    False: dict.fromkeys(COMBINES, _LOGITS) | {SUPERPOSITION: 1.0},
}
"""With batch norm or without → predictor → its usual error relative to the best one's."""


@dataclass(frozen=True)
class ActivePredictor:
    """The predictor that is used for a plan.

    Attributes:
        name: Of the predictor.
        link: From drops to the changes that are corrected.
        correction: Of the changes; None without verified plans.
        errors: Per verified plan: its left-out drop (predicted from the other plans) minus the
            measured drop.
        expected: Per verified plan: its left-out drop.
        figure_corrections: Figure other than the drop → its correction and past errors; empty
            without plans.
    """

    name: str
    link: Link
    correction: Correction | None = None
    errors: tuple[float, ...] = ()
    expected: tuple[float, ...] = ()
    figure_corrections: Mapping[str, FigureCorrection] = field(default_factory=dict)

    def corrected(self, drop: float, shares: Mapping[str, float]) -> tuple[float, float]:
        """Return what a predicted ``drop`` means, and its standard deviation (0: not known)."""
        if self.correction is None:
            return drop, 0.0
        change, deviation = self.correction(float(self.link.change(np.array(drop))), shares)
        low, middle, high = self.link.drop(change + deviation * np.array([-1.0, 0.0, 1.0]))
        return float(middle), float(high - low) / 2

    @property
    def scores(self) -> list[float]:
        """Sizes of the errors, each divided by the normaliser of the interval."""
        return [
            abs(error) / normaliser(expected)
            for error, expected in zip(self.errors, self.expected, strict=True)
        ]


def active_predictor(
    manifest: Manifest, record: Record, available: Sequence[str], only: str | None = None
) -> ActivePredictor:
    """Return the active predictor among ``available``.

    Args:
        manifest: Of the study.
        record: Verified plans, without the one that is to be predicted.
        available: Predictors that can say something of the plan.
        only: Take this predictor, whatever its record.
    """
    key = (manifest.fingerprint, tuple(available), only)
    if key not in record.learnt:
        record.learnt[key] = _select_predictor(manifest, record.trials, available, only)
    selected: ActivePredictor = record.learnt[key]
    return selected


def _select_predictor(
    manifest: Manifest, trials: Sequence[Trial], available: Sequence[str], only: str | None
) -> ActivePredictor:
    link, prior = _link(manifest), _prior(manifest)
    names = [name for name in ([only] if only else available) if _predicts_all(name, trials)]
    if not names:
        return ActivePredictor(only or SUM, link)
    start = np.array([prior.get(name, _SUMS) for name in names])
    if not trials:
        return ActivePredictor(names[int(start.argmin())], link)
    samples = manifest.baseline.samples if manifest.baseline else PER
    real = np.array([trial.real.drop for trial in trials])
    corrections = [
        Correction.of(
            link.change(np.array([trial.guesses[name].drop for trial in trials])),
            link.change(real),
            [trial.shares for trial in trials],
            LOG_ODDS,
            samples,
        )
        for name in names
    ]
    left_out_drops = np.stack(
        [link.drop(correction.left_out) for correction in corrections], axis=1
    )
    loss = np.abs(left_out_drops - real[:, None]) / (np.abs(real)[:, None] + ROUND)
    total_loss = loss.sum(axis=0) + BEFORE * start * float(np.median(loss.mean(axis=0)))
    best, best_without = int(total_loss.argmin()), (total_loss - loss).argmin(axis=1)
    expected = left_out_drops[np.arange(len(trials)), best_without]
    return ActivePredictor(
        names[best], link, corrections[best], tuple(map(float, expected - real)),
        tuple(map(float, expected)), figure_corrections(trials, names[best], samples),
    )  # fmt: skip


def _predicts_all(name: str, trials: Sequence[Trial]) -> bool:
    return all(
        name in trial.guesses and math.isfinite(trial.guesses[name].drop) for trial in trials
    )


def _prior(manifest: Manifest) -> Mapping[str, float]:
    """Return predictor → its usual error relative to the best one's, for such a network."""
    return PRIOR[any(tensor.name.endswith("running_mean") for tensor in manifest.tensors)]


def _link(manifest: Manifest) -> Link:
    baseline = manifest.baseline.score if manifest.baseline else 1.0
    return Link(baseline, 0 < baseline < 1)
