"""Predictions from logits: laws, what they say beside the drop, and which one is in force."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from prunescope.planning.prediction import PREDICTORS, Record, missing_sweeps, parts_of
from prunescope.planning.prediction.active_predictor import active_predictor
from prunescope.planning.prediction.interval_basis import Kind
from prunescope.planning.prediction.logit_operators import LogitOperators
from prunescope.planning.prediction.predict import Prediction, predict
from prunescope.planning.prediction.predictors import (
    COMBINES,
    MEAN,
    SUM,
    SUM_ENTROPY,
    SUM_KL,
    SUPERPOSITION,
    WEIGHTS,
)
from prunescope.planning.prediction.prior_interval import ErrorScale
from prunescope.study.plan import Plan
from prunescope.study.recoveries import RECOVERIES
from tests.analysis.planning.prediction.invented_study import (
    NOTHING,
    InventedStudy,
    centred,
    kl,
    plan,
    random_logits,
)

DENSE, TARGETS = random_logits(5, n=1500)
MADE = np.random.default_rng(6)
NOISES = {name: centred(MADE.normal(size=DENSE.shape)) * 0.8 for name in "abc"}
SCALES = {"a": 0.7, "b": 0.6, "c": 0.8}


def cell(name: str) -> np.ndarray:
    found: np.ndarray = SCALES[name] * (DENSE + NOISES[name])
    return found


STUDY = InventedStudy(DENSE, TARGETS, {(name, 0.5): cell(name) for name in "abc"})
CELLS = LogitOperators(STUDY.manifest, STUDY.source)


def together(*names: str) -> np.ndarray:
    """The network in which noises add up beside the logits: superposition is its truth."""
    scale = np.prod([SCALES[name] for name in names])
    found: np.ndarray = scale * (DENSE + sum(NOISES[name] for name in names))
    return found


def prediction(
    verified: pd.DataFrame = NOTHING, predictor: str | None = None, **sparsities: float
) -> Prediction:
    made = plan(**sparsities)
    return predict(STUDY.manifest, made, STUDY.curves, verified, CELLS, predictor)


@pytest.mark.parametrize("name", [None, SUM_KL])
def test_the_interval_reads_how_many_samples_change_their_class(name: str | None) -> None:
    """Sums do not tell, so superposition does in their place."""
    changing = 1 - prediction(predictor=SUPERPOSITION, a=0.5, b=0.5).agreement
    found = prediction(predictor=name, a=0.5, b=0.5)
    assert found.drop is not None
    assert found.interval is not None
    assert changing > abs(found.drop) + 0.02
    known, unknown = (
        ErrorScale(len(DENSE)).half_width([], found.drop, share) for share in (changing, math.nan)
    )
    assert found.interval.high - found.interval.mean == pytest.approx(known, rel=1e-6)
    assert known != pytest.approx(unknown, rel=1e-3)


@pytest.mark.parametrize("name", [None, *PREDICTORS])
def test_an_empty_plan_changes_nothing(name: str | None) -> None:
    empty = prediction(predictor=name)
    assert (empty.drop, empty.entropy, empty.divergence, empty.agreement) == (0, 0, 0, 1)
    assert empty.interval is not None
    assert empty.interval.half_width == 0


@pytest.mark.parametrize("name", [None, SUM, *COMBINES])
def test_one_measured_layer_is_its_measurement(name: str | None) -> None:
    alone = prediction(predictor=name, a=0.5)
    assert alone.drop == pytest.approx(STUDY.drops(cell("a")).mean())
    if name != SUM:
        assert alone.divergence == pytest.approx(kl(DENSE, cell("a")), rel=1e-3)
        worst = min(((cell("a").argmax(axis=1) == TARGETS)[c == TARGETS]).mean() for c in range(4))
        assert alone.worst is not None
        assert alone.worst.pruned == pytest.approx(worst)


@pytest.mark.parametrize("sparsity", [0.2, 0.4, 0.5])
def test_one_layer_is_read_off_its_curve_whatever_combinations_taught(sparsity: float) -> None:
    alone, curve = prediction(verified(MEAN), a=sparsity), next(iter(STUDY.curves.values()))
    read = curve.between(sparsity)
    assert alone.interval == read
    assert alone.drop == read.mean == pytest.approx(curve.drop_at(sparsity).mean)
    assert alone.divergence_interval is None


def test_scores_that_are_no_fractions_may_fall_below_nothing() -> None:
    """Such as minus a loss: the dense score is no floor of what can be lost."""
    made = plan(a=0.5, b=0.5)
    below = replace(STUDY.manifest, baseline=replace(STUDY.manifest.baseline, score=-0.3))
    guess = predict(below, made, STUDY.curves, NOTHING, CELLS, SUM)
    parts, _ = parts_of(made, STUDY.curves, STUDY.manifest)
    assert guess.drop == pytest.approx(sum(p.curve.drop_at(p.sparsity).mean for p in parts))


def test_a_network_that_superposes_is_predicted_by_superposition() -> None:
    truth = together("a", "b", "c")
    guess = prediction(predictor=SUPERPOSITION, a=0.5, b=0.5, c=0.5)
    assert guess.drop == pytest.approx(STUDY.drops(truth).mean(), abs=0.03)  # some count by halves
    assert guess.divergence == pytest.approx(kl(DENSE, truth), rel=0.02)
    agreement = (truth.argmax(axis=1) == DENSE.argmax(axis=1)).mean()
    assert guess.agreement == pytest.approx(agreement, abs=0.003)
    right = truth.argmax(axis=1) == TARGETS
    for recall in guess.recalls:
        assert recall.pruned == pytest.approx(right[recall.label == TARGETS].mean(), abs=0.01)
    added = prediction(predictor=SUM, a=0.5, b=0.5, c=0.5)
    assert added.drop is not None
    assert abs(added.drop - STUDY.drops(truth).mean()) > 0.05  # which the sum is not


def made_of(made: Plan) -> dict[str, float]:
    return {name: choice.sparsity for name, choice in made.choices.items()}


def verified(truth: str) -> pd.DataFrame:
    """Four verified pairs, by the network ``truth``."""
    rows = []
    for names in (("a", "b"), ("a", "c"), ("b", "c"), ("a", "b", "c")):
        made = plan(**dict.fromkeys(names, 0.5))
        row = STUDY.verified(made, together(*names))
        if truth != SUPERPOSITION:
            drop = prediction(predictor=truth, **made_of(made)).drop or 0.0
            row["drop_sum"] = len(TARGETS) * drop
        rows.append(row)
    return pd.DataFrame(rows)


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


def test_everything_that_is_said_comes_with_an_interval() -> None:
    before = prediction(a=0.5, b=0.5)
    for interval in (before.entropy_interval, before.divergence_interval, before.worst_interval):
        assert interval is not None
        assert interval.low < interval.mean < interval.high
    truth = together("a", "b")
    for rule in (None, SUPERPOSITION, SUM):
        guess = prediction(verified(SUPERPOSITION), rule, a=0.5, b=0.5)
        assert guess.divergence_interval is not None
        assert guess.divergence_interval.mean == guess.divergence
        assert guess.divergence_interval.low <= kl(DENSE, truth) <= guess.divergence_interval.high
        assert (guess.worst_interval is None) == (rule == SUM)  # sums know no classes
    assert guess.entropy_interval is not None
    real = STUDY.entropy(truth) - STUDY.entropy(DENSE)
    assert guess.entropy_interval.low <= real <= guess.entropy_interval.high
    superposed = prediction(verified(SUPERPOSITION), SUPERPOSITION, a=0.5, b=0.5)
    assert superposed.worst is not None
    assert superposed.worst_interval is not None
    right = truth.argmax(axis=1) == TARGETS
    least = min(right[c == TARGETS].mean() for c in range(4))
    assert superposed.worst_interval.mean == superposed.worst.pruned
    assert superposed.worst_interval.low <= least <= superposed.worst_interval.high


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


def test_without_logits_only_sums_are_left() -> None:
    guess = predict(STUDY.manifest, plan(a=0.5, b=0.5), STUDY.curves, NOTHING)
    assert guess.predictor.startswith("sum of")
    assert guess.recalls == ()
    assert np.isnan(guess.agreement)
    assert guess.divergence == pytest.approx(kl(DENSE, cell("a")) + kl(DENSE, cell("b")))


def test_a_metric_that_logits_do_not_give_is_read_off_the_points() -> None:
    own = InventedStudy(DENSE, TARGETS, STUDY.point_logits, metric="m.py:closeness")
    guess = predict(
        own.manifest, plan(a=0.5, b=0.5), own.curves, NOTHING, own.source, SUPERPOSITION
    )
    drops = [point.drop for curve in own.curves.values() for point in curve.points]
    assert guess.drop == pytest.approx(max(drops), abs=0.002)  # its KL is beyond every point's


def test_missing_points_come_with_the_command_that_measures_them() -> None:
    made = replace(plan(a=0.5, b=0.75), recovery="bn", seed=0)
    _, gaps = parts_of(made, STUDY.curves, STUDY.manifest)
    assert [sweep.line("s") for sweep in missing_sweeps(made, gaps)] == [
        "prunescope sweep --study s --sparsities 0.5,0.75 --layers a,b --recovery bn"
    ]
    _, gaps = parts_of(plan(a=0.5), STUDY.curves, STUDY.manifest)
    assert missing_sweeps(plan(a=0.5), gaps) == ()
