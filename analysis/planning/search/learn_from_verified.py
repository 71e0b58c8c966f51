"""Let a study's verified plans steer a search: they count as measured, and correct those near.

A search ends where predictions are too optimistic. Once its plan is verified and disappoints, that
plan must not win again by its old prediction, nor must one that differs by a single weight.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from prunescope.planning.measured_plans import MeasuredPlans
from prunescope.planning.search.kriging import MeasuredError, corrected_judge, loss_coordinates
from prunescope.planning.search.predicted_objective import Judge
from prunescope.planning.solve.problem import Problem
from prunescope.study.plan import Plan

_HAIR: Final = 1e-9
"""Taken off sparsities to predict a plan as if it were a new one, which is predicted from all
verified plans, itself included: so are its neighbours, whose predictions are corrected here."""


def judge_with_measured(problem: Problem, judge: Judge, measured: MeasuredPlans) -> Judge:
    """Return ``judge`` that gives verified plans what was measured, and learns from them nearby.

    Args:
        problem: The goal over its study; plans with its recovery count.
        judge: Of whole plans, as predicted.
        measured: The study's verified plans.
    """
    known: dict[str, Mapping[str, float]] = {}
    errors: list[MeasuredError] = []
    for plan, real in measured.with_recovery(problem.goal.recovery):
        predicted = judge(_by_a_hair(plan))
        damages = known[plan.digest] = {kind: real.effects.damages[kind] for kind in predicted}
        if all(math.isfinite(value) for value in predicted.values()):
            errors.append(MeasuredError(plan, predicted, damages))
    near = corrected_judge(judge, loss_coordinates(problem), errors, everywhere=False)

    def with_measured(plan: Plan) -> Mapping[str, float]:
        return known[plan.digest] if plan.digest in known else near(plan)

    return with_measured


def _by_a_hair(plan: Plan) -> Plan:
    return plan.setting(
        {name: replace(choice, sparsity=choice.sparsity - _HAIR)
         for name, choice in plan.active().items()}
    )  # fmt: skip
