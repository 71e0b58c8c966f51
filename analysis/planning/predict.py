"""Predict the drop of a whole plan from curves that were measured one layer at a time."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from analysis.curves import Curve, CurveKey, Curves, curves
from analysis.errors import DamagedFile
from analysis.planning.counts import real_sparsity
from analysis.planning.plan import Plan
from analysis.statistics import Interval
from analysis.store.documents import from_json
from analysis.study import Manifest


@dataclass(frozen=True)
class Gap:
    """A part of a plan that no measurement covers.

    Attributes:
        subject: Layer or group.
        reason: What is missing, for people.
        beyond: Whether it was measured, only not so far.
    """

    subject: str
    reason: str
    beyond: bool = False


@dataclass(frozen=True)
class BackTest:
    """How far a predictor was off on the plans of this study that were really measured.

    Attributes:
        mean: Mean of |predicted − measured| drop.
        worst: Largest of them.
        plans: How many plans.
    """

    mean: float
    worst: float
    plans: int


@dataclass(frozen=True)
class Prediction:
    """The expected drop of a plan.

    Attributes:
        drop: Dense minus pruned score, absolute, at most the dense score; None when a part of
            the plan was never measured.
        interval: Around ``drop``, from the sampling of the curves alone, widened by the
            back-test's worst error where there is one; None without ``drop``.
        error: The back-test, or None when no other plan of this study has been measured.
        predictor: Name of the rule, a key of ``PREDICTORS``.
        missing: Parts of the plan that no measurement covers. One that was measured, but not so
            far, counts at its last point, so that the drop is then at least so large.
    """

    drop: float | None
    interval: Interval | None
    error: BackTest | None
    predictor: str
    missing: tuple[Gap, ...]


@dataclass(frozen=True)
class Part:
    """One pruned layer or group of a plan, with its curve."""

    subject: str
    sparsity: float
    curve: Curve


Predictor = Callable[[Sequence[Part]], Interval]


def additive(parts: Sequence[Part]) -> Interval:
    """Return the sum of the parts' drops; half-widths combine as of independent errors.

    Optimistic where layers share their errors' causes, as in residual networks.
    """
    drops = [part.curve.drop_at(part.sparsity) for part in parts]
    mean = math.fsum(drop.mean for drop in drops)
    half = math.sqrt(math.fsum(drop.half_width**2 for drop in drops))
    return Interval(mean, mean - half, mean + half)


PREDICTORS: Final[dict[str, Predictor]] = {"sum of drops": additive}
DEFAULT: Final = "sum of drops"


def predict(
    manifest: Manifest,
    plan: Plan,
    measured: pd.DataFrame | Curves,
    verified: pd.DataFrame,
    predictor: str = DEFAULT,
) -> Prediction:
    """Return the expected drop of ``plan`` on the validation split, with its known error.

    Args:
        manifest: Of the plan's study.
        plan: What to remove.
        measured: Measurements as in ``Study.measured()``, or their curves.
        verified: Measured plans as in ``Study.verified()``; ``plan`` itself does not count for
            its own error.
        predictor: A key of ``PREDICTORS``.
    """
    known = curves(measured, manifest) if isinstance(measured, pd.DataFrame) else measured
    parts, missing = _parts(plan, known, manifest)
    error = back_test(manifest, known, verified, predictor, leave_out=plan.digest)
    if not all(gap.beyond for gap in missing):
        return Prediction(None, None, error, predictor, missing)
    expected = _bounded(PREDICTORS[predictor](parts), manifest)
    slack = error.worst if error else 0.0
    interval = Interval(expected.mean, expected.low - slack, expected.high + slack)
    return Prediction(expected.mean, _bounded(interval, manifest), error, predictor, missing)


def back_test(
    manifest: Manifest,
    known: Curves,
    verified: pd.DataFrame,
    predictor: str = DEFAULT,
    leave_out: str = "",
) -> BackTest | None:
    """Return how far ``predictor`` is off on the measured plans, or None when there is none.

    Plans that have parts without measurement are left out, and so are those of the test split.
    """
    errors = []
    for row in verified.to_dict("records"):
        if row["digest"] == leave_out or row["split"] != "validation" or row["samples"] <= 0:
            continue
        try:
            plan = from_json(Plan, row["plan"], "a verified plan")
        except DamagedFile:  # written by another version; it can tell nothing about this one
            continue
        parts, missing = _parts(plan, known, manifest)
        if not missing:
            expected = _bounded(PREDICTORS[predictor](parts), manifest).mean
            errors.append(abs(expected - row["drop_sum"] / row["samples"]))
    return BackTest(float(np.mean(errors)), max(errors), len(errors)) if errors else None


def _parts(plan: Plan, known: Curves, manifest: Manifest) -> tuple[list[Part], tuple[Gap, ...]]:
    parts, missing = [], []
    for subject, choice in plan.active().items():
        curve = known.get(CurveKey(subject, choice.method, plan.recovery, plan.seed))
        if curve is None or not curve.points:
            missing.append(Gap(subject, f"no measurement by {choice.method}"))
            continue
        value = real_sparsity(manifest, subject, choice)
        parts.append(Part(subject, value, curve))
        if value > curve.reach:
            missing.append(Gap(subject, f"measured only up to {curve.reach:g}", beyond=True))
    return parts, tuple(missing)


def _bounded(interval: Interval, manifest: Manifest) -> Interval:
    """A drop cannot exceed the dense score, nor lift the score above 1 where it is a fraction."""
    top = manifest.baseline.score if manifest.baseline else 1.0
    mean, low, high = (min(value, top) for value in (interval.mean, interval.low, interval.high))
    return Interval(mean, low, high)
