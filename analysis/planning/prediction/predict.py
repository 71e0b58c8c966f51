"""Predict what a whole plan loses, from curves and logits measured one layer at a time."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from prunescope.curves.curve import Curves, curves
from prunescope.errors import UnknownName
from prunescope.planning.prediction.active_predictor import ActivePredictor, active_predictor
from prunescope.planning.prediction.added_divergences import damage_shares, summed_change
from prunescope.planning.prediction.figure_intervals import with_figure_intervals
from prunescope.planning.prediction.forecast import Forecast, forecast
from prunescope.planning.prediction.interval_basis import IntervalBasis, Kind
from prunescope.planning.prediction.logit_operators import LogitOperators, neighbour_points
from prunescope.planning.prediction.logit_source import LogitSource
from prunescope.planning.prediction.plan_parts import Gap, Part, parts_of
from prunescope.planning.prediction.possible_drops import PossibleDrops, possible_drops
from prunescope.planning.prediction.prediction import BackTest, Prediction
from prunescope.planning.prediction.predictors import (
    PREDICTORS,
    SUM,
    Case,
    changing_share,
    combined_logits,
    drop_of_rows,
    make_case,
    predicted_drop,
)
from prunescope.planning.prediction.prior_interval import PICKED
from prunescope.planning.prediction.reach import applicable
from prunescope.planning.prediction.track_record import Record
from prunescope.statistics.paired import Interval
from prunescope.study import Manifest
from prunescope.study.method import BLOCK
from prunescope.study.plan import Plan
from prunescope.text.scores import ScoreWords, words_of

__all__ = ["BackTest", "Gap", "Part", "Prediction", "back_test", "predict"]


def predict(
    manifest: Manifest,
    plan: Plan,
    measured: pd.DataFrame | Curves,
    verified: pd.DataFrame | Record,
    logits: LogitSource | LogitOperators | None = None,
    predictor: str | None = None,
) -> Prediction:
    """Return what is expected of ``plan`` on the validation split, with its known error.

    Args:
        manifest: Of the plan's study.
        plan: What to remove.
        measured: Measurements as in ``Study.measured()``, or their curves.
        verified: Measured plans as in ``Study.verified()``, or their record, which is quicker when
            many plans are predicted; ``plan`` itself does not count for its own error.
        logits: Of the measured points; without them only sums can be added.
            ``LogitOperators`` are quicker when many plans are predicted.
        predictor: One of ``PREDICTORS`` to use whatever its record; None for the active one.

    Raises:
        ForeignStudy: The plan was made for other weights or data.
        UnknownName: No such predictor, or a layer that this study does not have.
    """
    plan.require(manifest)
    if predictor is not None and predictor not in PREDICTORS:
        raise UnknownName.among("predictor", predictor, PREDICTORS)
    study_curves = curves(measured, manifest) if isinstance(measured, pd.DataFrame) else measured
    operators = (
        logits
        if logits is None or isinstance(logits, LogitOperators)
        else LogitOperators(manifest, logits)
    )
    if isinstance(verified, pd.DataFrame):
        verified = Record.of(manifest, study_curves, verified, operators)
    words = words_of(manifest)
    parts, missing = parts_of(plan, study_curves, manifest)
    case = make_case(manifest, study_curves, parts, plan.recovery, operators)
    uncovered = not all(gap.beyond for gap in missing)
    available = [] if uncovered or predictor else applicable(case)
    active = active_predictor(manifest, verified.about(plan), available or [SUM], predictor)
    itself = any(trial.digest == plan.digest for trial in verified.trials)
    error = _back_test(active, itself)
    if uncovered:
        return Prediction(None, None, error, active.name, missing, words=words)
    if not parts:
        return _dense_prediction(case, active, error, words)
    forecast_ = _forecast(case, active)
    possible = possible_drops(manifest, study_curves, plan.recovery)
    above = PICKED if plan.solved else 1.0
    interval: Interval | None
    if len(parts) == 1:
        single = possible.cut(parts[0].curve.between(parts[0].sparsity))
        drop, interval, basis = single.mean, single, IntervalBasis(Kind.CURVE)
    else:
        drop = possible.clamp(forecast_.drop)
        interval, basis = _interval(case, active, drop, forecast_.figures.changing, possible, above)
    basis = replace(basis, other=itself)
    open_ended = bool(missing)
    if basis.kind is Kind.NETWORKS and _several_blocks(parts):
        open_ended, basis = True, replace(basis, picked=False)
    if open_ended:
        interval, basis = _one_sided(interval, basis, possible)
    prediction = Prediction(
        drop, interval, error, active.name,
        missing, forecast_.entropy, forecast_.divergence, forecast_.agreement, forecast_.recalls,
        forecast_.samples, basis=basis, words=words,
    )  # fmt: skip
    if len(parts) == 1 or open_ended:  # a part past its measurements counts at its last point
        return prediction
    return with_figure_intervals(prediction, forecast_.figures, case, active, above)


def back_test(
    manifest: Manifest,
    study_curves: Curves,
    verified: pd.DataFrame | Record,
    logits: LogitSource | LogitOperators | None = None,
    predictor: str | None = None,
    recovery: str = "none",
) -> BackTest | None:
    """Return how far predictions are off on the measured plans, or None when there is none.

    Every plan is predicted from the others. Plans that have parts without measurement are left
    out, and so are those of the test split.

    Args:
        manifest: Of the study.
        study_curves: All measured curves.
        verified: Measured plans, or their record.
        logits: Of the measured points.
        predictor: One of ``PREDICTORS``; None for the active one.
        recovery: Of the plans that count.
    """
    operators = (
        logits
        if logits is None or isinstance(logits, LogitOperators)
        else LogitOperators(manifest, logits)
    )
    if isinstance(verified, pd.DataFrame):
        verified = Record.of(manifest, study_curves, verified, operators)
    record = verified.about(Plan("", manifest.fingerprint, recovery=recovery))
    return _back_test(active_predictor(manifest, record, PREDICTORS, predictor))


def _forecast(case: Case, active: ActivePredictor) -> Forecast:
    """The corrected drop with what else is known."""
    rows = combined_logits(active.name, case)
    uncorrected_drop = (
        predicted_drop(active.name, case) if rows is None else drop_of_rows(active.name, case, rows)
    )
    drop = active.corrected(uncorrected_drop, damage_shares(case.parts))
    if rows is None or case.dense is None:
        entropy, divergence = (
            summed_change(case.parts, "entropy"),
            summed_change(case.parts, "divergence"),
        )
        return Forecast(drop, entropy, divergence)
    found = forecast(case.dense, rows, drop)
    if case.manifest.has_other_outputs:  # the logits know nothing of those
        found = replace(found, divergence=summed_change(case.parts, "divergence"))
    return found


def _dense_prediction(
    case: Case, active: ActivePredictor, error: BackTest | None, words: ScoreWords
) -> Prediction:
    """A plan that removes nothing."""
    dense_forecast = (
        forecast(case.dense, case.dense.reference.rows, 0.0) if case.dense else Forecast(0.0)
    )
    return Prediction(
        0.0, Interval(0.0, 0.0, 0.0), error, active.name, (), 0.0, 0.0, 1.0, dense_forecast.recalls,
        dense_forecast.samples, basis=IntervalBasis(Kind.CURVE),
        words=words,
    )  # fmt: skip


def _interval(
    case: Case,
    active: ActivePredictor,
    drop: float,
    changing: float,
    possible: PossibleDrops,
    above: float,
) -> tuple[Interval | None, IntervalBasis]:
    """The interval around a possible ``drop``, and what it stands on; None without anything.

    It reaches ``above`` times as far above the drop as below.
    """
    if math.isnan(changing) and active.scale.familiar:
        changing = changing_share(case)
    scale = replace(active.scale, samples=_fewest_samples(case.parts))
    half = scale.half_width(active.scores, drop, changing)
    if half is None:
        return None, IntervalBasis(Kind.NOTHING)
    below, higher = possible.around(drop, half), possible.around(drop, above * half)
    interval, plans = Interval(below.mean, below.low, higher.high), len(active.errors)
    kind = Kind.PLANS if plans else Kind.NETWORKS
    return interval, IntervalBasis(kind, plans, vague=possible.is_vague(interval), picked=above > 1)


def _several_blocks(parts: Sequence[Part]) -> bool:
    """Whether blocks leave together: no other network's plans did that, and it costs far more."""
    return sum(part.curve.key.method.granularity == BLOCK for part in parts) > 1


def _fewest_samples(parts: Sequence[Part]) -> int:
    """How many samples the parts' points have seen that have seen the fewest."""
    return min(
        point.samples
        for part in parts
        for point in neighbour_points(part.curve, part.sparsity)
        if point is not None
    )


def _one_sided(
    interval: Interval | None, basis: IntervalBasis, possible: PossibleDrops
) -> tuple[Interval | None, IntervalBasis]:
    """The interval of a plan past what is known: up to everything that can be lost."""
    if interval is None or not possible.bounded:
        return None, IntervalBasis(Kind.NOTHING, one_sided=True)
    open_ended = Interval(interval.mean, interval.low, possible.most)
    return open_ended, replace(basis, one_sided=True, vague=False)


def _back_test(active: ActivePredictor, other: bool = False) -> BackTest | None:
    if not active.errors:
        return None
    sizes = np.abs(active.errors)
    return BackTest(float(sizes.mean()), float(sizes.max()), len(sizes), other)
