"""The mean of predictors, in force where nothing is verified yet."""

import math
from dataclasses import replace

import numpy as np
import pytest

from prunescope.planning.prediction import PREDICTORS, Record
from prunescope.planning.prediction.active_predictor import active_predictor
from prunescope.planning.prediction.interval_basis import Kind
from prunescope.planning.prediction.predict import predict
from prunescope.planning.prediction.predictors import (
    MEAN,
    SUM,
    SUM_ENTROPY,
    SUM_KL,
    SUPERPOSITION,
    WEIGHTS,
)
from prunescope.study.recoveries import RECOVERIES
from tests.analysis.planning.prediction.invented_study import (
    NOTHING,
    InventedStudy,
    plan,
)
from tests.analysis.planning.prediction.superposing_study import (
    DENSE,
    STUDY,
    TARGETS,
)


def test_without_verified_plans_the_mean_is_in_force_where_logits_tell_the_score() -> None:
    stands = active_predictor(STUDY.manifest, Record(), PREDICTORS)
    assert stands.name == MEAN
    assert stands.corrected(0.03, {"a": 1.0}) == 0.03
    guess = predict(STUDY.manifest, plan(a=0.5, b=0.5), STUDY.curves, NOTHING, STUDY.source)
    assert (guess.predictor, guess.error, guess.basis.kind) == (MEAN, None, Kind.NETWORKS)
    own = replace(STUDY.manifest, reference=replace(STUDY.manifest.reference, metric="m.py:own"))
    assert active_predictor(own, Record(), PREDICTORS).name == SUM


@pytest.mark.parametrize("recovery", RECOVERIES)
def test_the_mean_weighs_predictors_by_recovery(recovery: str) -> None:
    own = InventedStudy(DENSE, TARGETS, STUDY.point_logits, recovery=recovery)
    made = replace(plan(a=0.5, b=0.5, c=0.5), recovery=recovery)
    drop = {
        name: predict(own.manifest, made, own.curves, NOTHING, own.source, name).drop or 0.0
        for name in PREDICTORS
    }
    by_hand = (
        (2 * drop[SUPERPOSITION] + drop[SUM]) / 3
        if recovery in ("none", "bn")
        else (drop[SUPERPOSITION] + drop[SUM_KL] + drop[SUM_ENTROPY]) / 3
    )
    assert drop[MEAN] == pytest.approx(by_hand)
    assert len({round(value, 6) for value in drop.values()}) == len(PREDICTORS)
    assert set(WEIGHTS) == set(RECOVERIES)
    for weights in WEIGHTS.values():
        assert sum(weights.values()) == pytest.approx(1)


def test_the_mean_takes_no_sum_for_more_than_can_be_lost() -> None:
    """Three drops of .7 add up to 2.1; a score of .9 cannot lose that."""
    ruined = {(name, 0.5): np.roll(DENSE, 1, axis=1) for name in "abc"}
    own = InventedStudy(DENSE, TARGETS, ruined)
    made = plan(a=0.5, b=0.5, c=0.5)
    drop = {
        name: predict(own.manifest, made, own.curves, NOTHING, own.source, name).drop
        for name in (MEAN, SUPERPOSITION, SUM)
    }
    baseline = own.manifest.baseline
    assert baseline is not None
    assert drop[SUM] == baseline.score  # as far as it is possible
    assert drop[MEAN] is not None
    assert drop[SUPERPOSITION] is not None
    assert drop[MEAN] == pytest.approx((2 * drop[SUPERPOSITION] + baseline.score) / 3)


def test_the_mean_does_without_a_predictor_that_says_nothing() -> None:
    """Points of a study that keeps no cross-entropy, as of a metric without labels."""
    own = InventedStudy(DENSE, TARGETS, STUDY.point_logits, recovery="ls")
    made = replace(plan(a=0.5, b=0.5), recovery="ls")
    without = {
        key: replace(curve, points=tuple(replace(p, entropy=math.nan) for p in curve.points))
        for key, curve in own.curves.items()
    }
    drop = {
        name: predict(own.manifest, made, without, NOTHING, own.source, name).drop or 0.0
        for name in (MEAN, SUPERPOSITION, SUM_KL)
    }
    assert drop[MEAN] == pytest.approx((drop[SUPERPOSITION] + drop[SUM_KL]) / 2)
