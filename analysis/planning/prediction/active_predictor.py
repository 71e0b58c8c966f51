"""Choose the active predictor of a study, with its correction and its past errors.

What the data can bear says which predictors can be in force, and which of them begins (``reach``).
Verified plans can put another one in force: the one with the least back-test error, where each plan
is predicted with the correction learnt from the others (``correction``). A few plans are a poor
judge, so every predictor starts with ``BEFORE`` imagined plans, on which all but the first did
``OTHERS`` times as badly. Errors are compared relative to the drop, so that one ruined plan does
not decide for all others.

One of the predictors is a mean of the others with fixed weights (``predictors``); weights learnt
from a study's own nine plans made it worse on networks that nobody tuned on (docs/science.md §2.4).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from prunescope.planning.prediction.correction import LOG_ODDS, PER, Correction, Link
from prunescope.planning.prediction.figure_corrections import FigureCorrection, figure_corrections
from prunescope.planning.prediction.possible_drops import counts_samples
from prunescope.planning.prediction.predictors import COMBINES, SUM
from prunescope.planning.prediction.prior_interval import ErrorScale
from prunescope.planning.prediction.reach import order_of
from prunescope.planning.prediction.track_record import Record, Trial
from prunescope.study import Manifest

BEFORE: Final = 8.0
"""Verified plans that the prior order counts as."""

OTHERS: Final = 1.6
"""Usual error of a predictor relative to that of the one to begin with."""

ROUND: Final = 0.01
"""Added to the drop that an error is divided by, so that drops below a point weigh the same."""


@dataclass(frozen=True)
class ActivePredictor:
    """The predictor that is used for a plan.

    Attributes:
        name: Of the predictor.
        link: From drops to the changes that are corrected.
        scale: What errors are measured by.
        correction: Of the changes; None without verified plans.
        errors: Per verified plan: its left-out drop (predicted from the other plans) minus the
            measured drop.
        expected: Per verified plan: its left-out drop.
        changing: Per verified plan: the share of samples predicted to change their class.
        figure_corrections: Figure other than the drop → its correction and past errors.
        judged: Each predictor that can be in force, best first → its mean error relative to the
            drop, the imagined plans included: the least is in force. Empty without plans.
    """

    name: str
    link: Link
    scale: ErrorScale
    correction: Correction | None = None
    errors: tuple[float, ...] = ()
    expected: tuple[float, ...] = ()
    changing: tuple[float, ...] = ()
    figure_corrections: Mapping[str, FigureCorrection] = field(default_factory=dict)
    judged: Mapping[str, float] = field(default_factory=dict)

    def corrected(self, drop: float, shares: Mapping[str, float]) -> float:
        """Return what a predicted ``drop`` means."""
        if self.correction is None:
            return drop
        change, _ = self.correction(float(self.link.change(np.array(drop))), shares)
        return float(self.link.drop(np.array(change)))

    @property
    def scores(self) -> list[float]:
        """Sizes of the errors, each divided by the normaliser of the interval."""
        return [
            abs(error) / self.scale.normaliser(expected, changing)
            for error, expected, changing in zip(
                self.errors, self.expected, self.changing, strict=True
            )
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
    link, scale = _link(manifest), _scale(manifest)
    order = [only] if only else [name for name in order_of(manifest) if name in available]
    names = [name for name in order if _predicts_all(name, trials)]
    if not names or not trials:
        name = names[0] if names else only or SUM
        familiar = scale.familiar and name in COMBINES
        prior = figure_corrections([], name, manifest.baseline, familiar)
        return ActivePredictor(name, link, scale, figure_corrections=prior)
    start = np.array([1.0, *[OTHERS] * (len(names) - 1)])
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
    means = total_loss / (len(trials) + BEFORE)
    return ActivePredictor(
        names[best], link, scale, corrections[best], tuple(map(float, expected - real)),
        tuple(map(float, expected)), tuple(trial.changing for trial in trials),
        figure_corrections(
            trials, names[best], manifest.baseline, scale.familiar and names[best] in COMBINES
        ),
        {names[place]: float(means[place]) for place in np.argsort(means, kind="stable")},
    )  # fmt: skip


def _predicts_all(name: str, trials: Sequence[Trial]) -> bool:
    return all(
        name in trial.guesses and math.isfinite(trial.guesses[name].drop) for trial in trials
    )


def _scale(manifest: Manifest) -> ErrorScale:
    samples = manifest.baseline.samples if manifest.baseline else PER
    return ErrorScale(samples, manifest.scale, counts_samples(manifest))


def _link(manifest: Manifest) -> Link:
    baseline = manifest.baseline.score if manifest.baseline else 1.0
    return Link(baseline, manifest.metric.is_share and 0 < baseline < 1)
