"""The interval between two measured plans: paired where answers are stored, honest where not."""

from dataclasses import replace

import numpy as np
import pytest

from prunescope.planning.measured_apart import measured_apart
from prunescope.planning.measured_plans import MeasuredPlan
from prunescope.planning.prediction import PredictedEffects
from prunescope.statistics.paired import paired_interval
from prunescope.store.plan_answers import PlanAnswers

N = 400


def drawn(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Targets and three networks' answers: dense, and two plans that mistake much the same."""
    rng = np.random.default_rng(seed)
    target = rng.integers(0, 10, N)
    dense = np.where(rng.random(N) < 0.9, target, (target + 1) % 10)
    hard = rng.random(N) < 0.08
    one = np.where(hard | (rng.random(N) < 0.02), (target + 2) % 10, dense)
    other = np.where(hard | (rng.random(N) < 0.04), (target + 3) % 10, dense)
    return target, dense, one, other


def stored(target: np.ndarray, dense: np.ndarray, pruned: np.ndarray) -> PlanAnswers:
    sure = (1.0,) * len(dense)
    own, one, two = (tuple(map(int, answers)) for answers in (target, dense, pruned))
    return PlanAnswers("f", 1, "d", "validation", "none", len(dense), own, one, two, sure, sure)


def measured(target: np.ndarray, dense: np.ndarray, pruned: np.ndarray) -> MeasuredPlan:
    lost = (dense == target).astype(float) - (pruned == target)
    drop = paired_interval(N, float(lost.sum()), float((lost**2).sum()))
    return MeasuredPlan(float((pruned == target).mean()), drop, N, PredictedEffects(drop.mean))


def test_answers_pair_two_plans_sample_by_sample() -> None:
    target, dense, one, other = drawn(0)
    plans = [measured(target, dense, each) for each in (one, other)]
    answers = (stored(target, dense, one), stored(target, dense, other))
    paired, alone = measured_apart(plans[0], plans[1], answers), measured_apart(plans[0], plans[1])
    assert paired is not None
    assert alone is not None
    change = (one == target).astype(float) - (other == target)
    assert paired == paired_interval(N, change.sum(), (change**2).sum())
    assert alone.mean == pytest.approx(paired.mean)
    assert paired.half_width < 0.6 * alone.half_width
    turned = measured_apart(plans[1], plans[0], (answers[1], answers[0]))
    assert turned is not None
    assert (turned.low, turned.high) == (-paired.high, -paired.low)


def test_both_hold_the_truth_as_often_as_they_say() -> None:
    held = [0, 0]
    every = [drawn(seed) for seed in range(400)]
    truth = float(np.mean([(o == t).mean() - (p == t).mean() for t, _, o, p in every]))
    for target, dense, one, other in every:
        plans = [measured(target, dense, each) for each in (one, other)]
        answers = (stored(target, dense, one), stored(target, dense, other))
        both = (measured_apart(plans[0], plans[1], answers), measured_apart(plans[0], plans[1]))
        for place, interval in enumerate(both):
            assert interval is not None
            held[place] += interval.low <= truth <= interval.high
    assert held[0] >= 0.92 * len(every)
    assert held[1] >= held[0]


def test_answers_of_another_metric_are_not_taken_for_its_scores() -> None:
    target, dense, one, other = drawn(1)
    plans = [measured(target, dense, each) for each in (one, other)]
    graded = [replace(plan, score=plan.score / 2, drop=plan.drop) for plan in plans]
    answers = (stored(target, dense, one), stored(target, dense, other))
    assert measured_apart(graded[0], graded[1], answers) is None  # nor are drops from another dense
    unlabelled = (replace(answers[0], target=()), answers[1])
    assert measured_apart(plans[0], plans[1], unlabelled) == measured_apart(plans[0], plans[1])


def test_a_score_that_is_no_number_has_no_interval() -> None:
    target, dense, one, other = drawn(2)
    plans = [measured(target, dense, each) for each in (one, other)]
    assert measured_apart(replace(plans[0], score=float("nan")), plans[1]) is None
