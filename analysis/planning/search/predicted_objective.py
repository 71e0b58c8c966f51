"""Judge whole plans by one predictor, quickly enough for a thousand plans in a search."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from prunescope.planning.prediction import LogitOperators, parts_of
from prunescope.planning.prediction.logit_coordinates import divergence, log_softmax
from prunescope.planning.prediction.predict import Prediction
from prunescope.planning.prediction.predictors import COMBINES, combined_logits, make_case
from prunescope.planning.solve.damages import curve_key, damages_at
from prunescope.planning.solve.goal import DAMAGES
from prunescope.planning.solve.measured_range import past_range
from prunescope.planning.solve.problem import Problem
from prunescope.study.plan import Plan
from prunescope.study.removed_counts import real_sparsity

Judge = Callable[[Plan], Mapping[str, float]]
"""From a plan to its predicted damages; NaN where one cannot be predicted."""

_LEAN: Final = frozenset({"divergence"})
"""Damages that are predicted quickly, without the rest of a prediction."""


@dataclass(frozen=True)
class _CombinedDivergence:
    """The KL of combined logits by one rule, without interval, recall and correction."""

    problem: Problem
    logit_operators: LogitOperators
    rule: str

    def __call__(self, plan: Plan) -> dict[str, float]:
        manifest, study_curves = self.problem.manifest, self.problem.curves
        parts, missing = parts_of(plan, study_curves, manifest)
        if any(not gap.beyond for gap in missing):
            return {"divergence": math.nan}
        if not parts:
            return {"divergence": 0.0}
        case = make_case(manifest, study_curves, parts, plan.recovery, self.logit_operators)
        rows = combined_logits(self.rule, case)
        if rows is None or case.dense is None:
            return {"divergence": math.nan}
        return {"divergence": divergence(case.dense.log_probabilities, log_softmax(rows))}


def judge(
    problem: Problem,
    predict: Callable[[Plan], Prediction],
    logit_operators: LogitOperators | None,
    like: Plan,
) -> Judge | None:
    """Return the judge of plans of ``problem``, or None where only sums can be predicted.

    The active predictor of ``like`` judges all plans, so that they can be compared.

    Args:
        problem: Its objective and targets say which damages are needed.
        predict: From a plan to its prediction.
        logit_operators: The study's logits.
        like: A plan such as those to be judged.
    """
    damages = {kind for kind in problem.kinds if kind in DAMAGES}
    rule = predict(like).predictor
    if rule not in COMBINES or logit_operators is None:
        return None
    if damages <= _LEAN and problem.manifest.has_other_outputs:
        return None  # their divergence is in the sums, and in no logits
    if damages <= _LEAN:
        return _priced_past_range(problem, _CombinedDivergence(problem, logit_operators, rule))

    def judge_all_damages(plan: Plan) -> dict[str, float]:
        prediction = predict(plan)
        drop = math.nan if prediction.drop is None else prediction.drop
        return {
            "divergence": prediction.divergence,
            "cross-entropy": prediction.entropy,
            "drop": drop,
        }

    return _priced_past_range(problem, judge_all_damages)


def _priced_past_range(problem: Problem, whole: Judge) -> Judge:
    """``whole``, and what parts past their last measured point are guessed to lose further.

    Combined logits know such a part at its last point only, as if going further were free.
    """
    if not problem.goal.extrapolate:
        return whole

    def judge_with_guess(plan: Plan) -> dict[str, float]:
        damages = dict(whole(plan))
        for name in past_range(problem, plan):
            choice = plan.choices[name]
            curve = problem.curves[curve_key(name, choice, problem.goal)]
            share = real_sparsity(problem.manifest, name, choice)
            there, last = damages_at(curve, share), damages_at(curve, curve.reach)
            for kind in damages:
                damages[kind] += there[kind] - last[kind]
        return damages

    return judge_with_guess
