"""Predictions from logits: laws, and what they say beside the drop."""

import math
from dataclasses import replace

import numpy as np
import pytest

from prunescope.planning.prediction import PREDICTORS, missing_sweeps, parts_of
from prunescope.planning.prediction.predict import predict
from prunescope.planning.prediction.predictors import (
    COMBINES,
    MEAN,
    SUM,
    SUM_KL,
    SUPERPOSITION,
)
from prunescope.planning.prediction.prior_interval import ErrorScale
from tests.analysis.planning.prediction.invented_study import (
    NOTHING,
    InventedStudy,
    kl,
    plan,
)
from tests.analysis.planning.prediction.superposing_study import (
    CELLS,
    DENSE,
    STUDY,
    TARGETS,
    cell,
    prediction,
    together,
    verified,
)


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
