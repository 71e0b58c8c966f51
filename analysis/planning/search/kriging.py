"""Correct predictions near measured plans, by interpolating their errors (kriging).

A search ends where predictions are too optimistic, so the plans that it finds lose more than
predicted. Each measured plan gives the factor of that error; between plans the factor's logarithm
is interpolated (kriging about the mean), nearer plans counting more. The distance of two plans is
that of the roots of each layer's own KL.

Source: surrogate search with a corrected model: Jones, Schonlau and Welch 1998 (kriging).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from prunescope.arrays import Floats
from prunescope.planning.search.predicted_objective import Judge
from prunescope.planning.solve.damages import curve_key, damages_at
from prunescope.planning.solve.problem import Problem
from prunescope.study.plan import Choice, Plan

PlanCoordinates = Callable[[Plan], Floats]

SLACK: Final[Mapping[str, float]] = {"divergence": 1e-4, "cross-entropy": 5e-3, "drop": 5e-3}
"""Added to both sides of a factor, so that changes near 0 have one too."""

_REACH: Final = 0.4
"""Length scale of the kriging, relative to the size of the plans' coordinates."""

_NOISE: Final = 0.1
"""Variance of a factor that even equal plans do not share, relative to the kriged variance."""

_NEARBY_NOISE: Final = 1e-3
"""The same where only neighbours are corrected: a neighbour of a plan that disappointed must not
look better than that plan by the noise alone."""


@dataclass(frozen=True)
class MeasuredError:
    """A plan, what was predicted of it, and what it really loses.

    Attributes:
        plan: The plan.
        predicted: Damage → as predicted, uncorrected.
        measured: Damage → as measured.
    """

    plan: Plan
    predicted: Mapping[str, float]
    measured: Mapping[str, float]


def corrected_judge(
    judge: Judge, place_of: PlanCoordinates, errors: Sequence[MeasuredError],
    everywhere: bool = True,
) -> Judge:  # fmt: skip
    """Return ``judge`` corrected by ``errors``; as it is without any.

    Args:
        judge: Of whole plans.
        place_of: From a plan to its coordinates.
        errors: Of the plans that were measured.
        everywhere: Whether their mean error corrects plans far from all of them too.
    """
    if not errors:
        return judge
    places = np.array([place_of(error.plan) for error in errors])
    size = max(float(np.linalg.norm(places, axis=1).mean()), 1e-12)
    means: dict[str, float] = {}
    weights: dict[str, Floats] = {}
    noise = _NOISE if everywhere else _NEARBY_NOISE
    similarity = _similarity(places, places, size) + noise * np.eye(len(errors))
    for kind in errors[0].measured:
        factors = np.array(
            [_log(kind, error.measured[kind]) - _log(kind, error.predicted.get(kind, math.nan))
             for error in errors]
        )  # fmt: skip
        if np.isfinite(factors).all():
            means[kind] = float(factors.mean()) if everywhere else 0.0
            weights[kind] = np.asarray(np.linalg.solve(similarity, factors - means[kind]), float)

    def corrected(plan: Plan) -> dict[str, float]:
        near = _similarity(place_of(plan)[None], places, size)[0]
        return {
            kind: value if kind not in means or not plan.active()
            else _value(kind, _log(kind, value) + means[kind] + float(near @ weights[kind]))
            for kind, value in judge(plan).items()
        }  # fmt: skip

    return corrected


def loss_coordinates(problem: Problem) -> PlanCoordinates:
    """Return the function from a plan to the root of the KL that each subject loses alone.

    ``(subjects,)``; 0 where that is unknown.
    """

    @cache
    def root(name: str, choice: Choice) -> float:
        curve = problem.curves.get(curve_key(name, choice, problem.goal))
        loss = damages_at(curve, choice.sparsity)["divergence"]
        return math.sqrt(max(loss, 0.0)) if math.isfinite(loss) else 0.0

    def coordinates(plan: Plan) -> Floats:
        pairs = [(subject.name, subject.choice_in(plan)) for subject in problem.subjects]
        return np.array([root(name, choice) if choice else 0.0 for name, choice in pairs])

    return coordinates


def _similarity(one: Floats, other: Floats, size: float) -> Floats:
    distance = np.linalg.norm(one[:, None] - other[None], axis=-1) / (_REACH * size)
    return np.asarray(np.exp(-0.5 * np.square(distance)), float)


def _log(kind: str, value: float) -> float:
    slack = SLACK[kind]
    return math.log(max(value + slack, slack / 10)) if math.isfinite(value) else math.nan


def _value(kind: str, log: float) -> float:
    return math.exp(log) - SLACK[kind] if math.isfinite(log) else math.nan
