"""What verified plans teach: which predictor is in force, and what each would have said."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from prunescope.planning.prediction import PREDICTORS, Record
from prunescope.planning.prediction.active_predictor import active_predictor
from prunescope.planning.prediction.logit_operators import LogitOperators
from prunescope.planning.prediction.predict import predict
from prunescope.planning.prediction.predictors import (
    SUM,
    SUPERPOSITION,
)
from tests.analysis.planning.prediction.invented_study import (
    plan,
)
from tests.analysis.planning.prediction.superposing_study import CELLS, STUDY, prediction, verified


@pytest.mark.parametrize("truth", [SUPERPOSITION, SUM])
def test_what_did_best_is_in_force(truth: str) -> None:
    other = ({SUPERPOSITION, SUM} - {truth}).pop()
    table = pd.concat([verified(truth)] * 8)  # more than the prior counts
    record = Record.of(STUDY.manifest, STUDY.curves, table, CELLS)
    found = {
        name: active_predictor(STUDY.manifest, record, PREDICTORS, name) for name in (truth, other)
    }
    errors = {name: np.abs(stands.errors).mean() for name, stands in found.items()}
    assert errors[truth] < errors[other]
    assert active_predictor(STUDY.manifest, record, PREDICTORS).name == truth


def test_a_back_test_leaves_out_the_plan_that_is_asked_for() -> None:
    guess = prediction(verified(SUPERPOSITION), a=0.5, b=0.5)
    assert guess.error is not None
    assert guess.error.plans == 3


def test_no_plan_is_back_tested_by_what_it_taught() -> None:
    """One plan that belies every rule shifts the others' predictions, not its own."""
    table = verified(SUPERPOSITION)
    record = Record.of(STUDY.manifest, STUDY.curves, table, CELLS)
    odd = replace(record.trials[0], real=replace(record.trials[0].real, drop=0.4))
    before = active_predictor(STUDY.manifest, record, PREDICTORS)
    after = active_predictor(
        STUDY.manifest, replace(record, trials=(odd, *record.trials[1:])), PREDICTORS
    )
    usual = before.expected[0]
    assert after.expected[0] == pytest.approx(usual, abs=0.01)
    assert after.expected[1] != before.expected[1]


def test_a_record_says_the_same_as_its_table() -> None:
    table = verified(SUM)
    record = Record.of(STUDY.manifest, STUDY.curves, table, CELLS)
    made = plan(a=0.5, b=0.5)
    one = predict(STUDY.manifest, made, STUDY.curves, table, CELLS)
    assert one == predict(STUDY.manifest, made, STUDY.curves, record, CELLS)


def test_what_a_record_has_learnt_changes_no_answer() -> None:
    """Not for a further plan, nor for one of its own, which does not count for itself."""
    table = verified(SUPERPOSITION)
    used = Record.of(STUDY.manifest, STUDY.curves, table, CELLS)
    for _ in range(2):
        for made in (plan(a=0.3, b=0.4), plan(a=0.5, b=0.5), plan(b=0.2, c=0.1)):
            fresh = Record.of(STUDY.manifest, STUDY.curves, table, CELLS)
            asked = [predict(STUDY.manifest, made, STUDY.curves, r, CELLS) for r in (used, fresh)]
            assert asked[0] == asked[1]
    assert used.about(plan(a=0.3, b=0.4)) is used.about(plan(b=0.2, c=0.1))
    assert len(used.about(plan(a=0.5, b=0.5)).trials) == len(used.trials) - 1


def test_a_record_is_worked_out_once_for_each_plan_and_anew_for_other_curves() -> None:
    logit_operators, table = LogitOperators(STUDY.manifest, STUDY.source), verified(SUPERPOSITION)
    first = Record.of(STUDY.manifest, STUDY.curves, table, logit_operators)
    again = Record.of(STUDY.manifest, STUDY.curves, table, logit_operators)
    pairs = zip(first.trials, again.trials, strict=True)
    assert all(one.guesses is other.guesses for one, other in pairs)
    fewer = {
        key: replace(curve, points=tuple(replace(p, divergence=1.0) for p in curve.points))
        for key, curve in STUDY.curves.items()
    }
    other = Record.of(STUDY.manifest, fewer, table, logit_operators)
    assert other.trials[0].guesses != first.trials[0].guesses
