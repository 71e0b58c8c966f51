"""The predictors by name: those that add up a sweep's sums, and those that combine its logits."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from prunescope.curves.curve import Curves
from prunescope.planning.prediction.added_divergences import DropMap, summed_change
from prunescope.planning.prediction.added_drops import added_drops
from prunescope.planning.prediction.forecast import Forecast, forecast
from prunescope.planning.prediction.logit_coordinates import divergence, drop_of, log_softmax
from prunescope.planning.prediction.logit_operators import Dense, LogitOperators
from prunescope.planning.prediction.plan_parts import Part
from prunescope.planning.prediction.possible_drops import possible_drops
from prunescope.planning.prediction.subject_operator import DenseLogits, Operator
from prunescope.planning.prediction.superposition import superposition
from prunescope.study import Manifest
from prunescope.study.recoveries import RECOVERIES, REFITS

Combine = Callable[[DenseLogits, Sequence[Operator]], np.ndarray]

SUM: Final = "sum of drops"
SUM_KL: Final = "sum of KL"
SUM_ENTROPY: Final = "sum of cross-entropy"
SUPERPOSITION: Final = "superposition"
MEAN: Final = "mean of predictors"

COMBINES: Final[Mapping[str, Combine]] = {SUPERPOSITION: superposition, MEAN: superposition}
"""Those that predict every sample's logits. ``MEAN`` takes for the drop a mean of several
predictors', with ``WEIGHTS``."""

SUMS: Final = (SUM, SUM_KL, SUM_ENTROPY)
"""Those that read a sweep's sums alone."""

PREDICTORS: Final = (*SUMS, *COMBINES)

_AS_PRUNED: Final[Mapping[str, float]] = {SUPERPOSITION: 2 / 3, SUM: 1 / 3}
_REPAIRED: Final[Mapping[str, float]] = dict.fromkeys((SUPERPOSITION, SUM_KL, SUM_ENTROPY), 1 / 3)
WEIGHTS: Final[Mapping[str, Mapping[str, float]]] = {
    name: _REPAIRED if name in REFITS else _AS_PRUNED for name in RECOVERIES
}
"""Of ``MEAN``, by recovery. Predictors err differently, so a mean of them errs less than any. On 27
networks that nobody tuned on, weights that were fitted to the other networks did no better; only
``none``, ``bn`` and ``ls`` were tried, the others are taken to be like ``ls`` (docs/science.md
§2.4)."""

DOUBT: Final = 0.5
"""Assumed error of predicted logits, as a fraction of the noise of all parts but the loudest."""


@dataclass(frozen=True)
class Case:
    """A plan's parts with everything that predictors read.

    Attributes:
        manifest: Of the study.
        curves: All measured curves.
        recovery: Of the plan.
        parts: In forward order, at least one.
        dense: The dense model's logits, or None.
        operators: One per part, or empty where logits are missing.
    """

    manifest: Manifest
    curves: Curves
    recovery: str
    parts: Sequence[Part]
    dense: Dense | None = None
    operators: tuple[Operator, ...] = ()

    @property
    def metric(self) -> str:
        """Name of the study's metric."""
        return self.manifest.reference.metric

    @property
    def logits(self) -> bool:
        """Whether logits can be combined."""
        return self.dense is not None and bool(self.operators)


def make_case(
    manifest: Manifest,
    study_curves: Curves,
    parts: Sequence[Part],
    recovery: str,
    operators: LogitOperators | None,
) -> Case:
    """Return the case of ``parts``, with logits where ``operators`` holds them for every part."""
    dense = operators.dense(recovery) if operators is not None else None
    if operators is None or dense is None:
        return Case(manifest, study_curves, recovery, parts)
    by_part = operators.operators([(part.curve, part.sparsity) for part in parts])
    complete = tuple(operator for operator in by_part if operator is not None)
    all_parts = len(complete) == len(parts)
    return Case(manifest, study_curves, recovery, parts, dense, complete if all_parts else ())


def predicted_drop(name: str, case: Case) -> float:
    """Return the drop that predictor ``name`` expects; NaN where it cannot be predicted.

    Logits are stored of some samples only. The difference of the parts' drops between all samples
    of the split and those samples is added, scaled as the combined drop is to the parts' sum.
    """
    if name == SUM:
        return added_drops(case.parts).mean
    if name in (SUM_KL, SUM_ENTROPY):
        quantity = "divergence" if name == SUM_KL else "entropy"
        drop_map = DropMap.of(case.curves, case.recovery, quantity)
        amount = summed_change(case.parts, quantity)
        return math.nan if drop_map is None or math.isnan(amount) else drop_map.drop(amount)
    rows = combined_logits(name, case)
    return math.nan if rows is None else drop_of_rows(name, case, rows)


def drop_of_rows(name: str, case: Case, rows: np.ndarray) -> float:
    """Return the drop that predictor ``name`` expects, which combined the logits to ``rows``."""
    drop = drop_of_logits(case, rows)
    return _mean(case, drop) if name == MEAN else drop


def _mean(case: Case, superposed: float) -> float:
    """The weighted mean of the predictors' possible drops, of those that can say something."""
    possible = possible_drops(case.manifest, case.curves, case.recovery)
    weights = WEIGHTS[case.recovery]
    drops = {
        name: superposed if name == SUPERPOSITION else predicted_drop(name, case)
        for name in weights
    }
    known = {name: possible.clamp(drop) for name, drop in drops.items() if not math.isnan(drop)}
    if not known:
        return math.nan
    return math.fsum(weights[name] * drop for name, drop in known.items()) / math.fsum(
        weights[name] for name in known
    )


def uncorrected_forecast(name: str, case: Case) -> Forecast:
    """Return all that predictor ``name`` expects, uncorrected."""
    rows = combined_logits(name, case)
    if rows is None or case.dense is None:
        return Forecast(
            predicted_drop(name, case),
            summed_change(case.parts, "entropy"),
            summed_change(case.parts, "divergence"),
        )
    return forecast(case.dense, rows, drop_of_rows(name, case, rows))


def combined_logits(name: str, case: Case) -> np.ndarray | None:
    """Return the logits ``(n, k)`` that predictor ``name`` expects, or None where it has none."""
    if case.dense is None or not case.logits or name not in COMBINES:
        return None
    return COMBINES[name](case.dense.reference, case.operators)


def changing_share(case: Case) -> float:
    """Return the share of samples that superposition expects to change class; NaN without logits.

    Predictors that read sums alone do not tell.
    """
    return uncorrected_forecast(SUPERPOSITION, case).figures.changing


def drop_of_logits(case: Case, rows: np.ndarray) -> float:
    """Return the drop on all samples of the split that predicted ``rows`` mean.

    A sample near the border of two classes counts with the probability that it is right, as which
    of them flip is chance; a single part's rows are exact and are counted. Of many classes
    a sample counts as all or none: there the doubt itself costs accuracy. For a metric that logits
    do not give, the KL is mapped to a drop by the study's own points.
    """
    if case.dense is None:
        return math.nan
    coordinates = case.dense.coordinates
    before, after = map(coordinates.single_classes, (case.dense.reference.rows, rows))
    doubt = _margin_deviation(case.operators) if coordinates.picked is None else 0.0
    drop = drop_of(before, after, coordinates.target, case.metric, doubt)
    if math.isnan(drop):
        drop_map = DropMap.of(case.curves, case.recovery, "divergence")
        return (
            math.nan
            if drop_map is None
            else drop_map.drop(divergence(case.dense.log_probabilities, log_softmax(rows)))
        )
    excess = math.fsum(operator.excess for operator in case.operators)
    parts = math.fsum(part.curve.drop_at(part.sparsity).mean for part in case.parts) - excess
    share = min(max(drop / parts, 0.0), 1.0) if parts > 0 else 1.0
    return drop + share * excess


def _margin_deviation(operators: Sequence[Operator]) -> float:
    """How far a predicted margin, a difference of two logits, may be wrong."""
    powers = [operator.loudness**2 for operator in operators]
    return DOUBT * math.sqrt(2 * (math.fsum(powers) - max(powers, default=0.0)))
