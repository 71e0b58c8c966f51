"""What comes with the drop: compared with the truth, corrected, and as sure as it was right."""

import math

import numpy as np
import pytest

from prunescope.planning.prediction.figure_corrections import (
    SCALES,
    FigureCorrection,
    figure_corrections,
)
from prunescope.planning.prediction.forecast import Recall, shift_recalls
from prunescope.planning.prediction.predicted_effects import PredictedEffects
from prunescope.planning.prediction.prior_interval import quantile
from prunescope.planning.prediction.track_record import Trial
from prunescope.statistics.tolerance import NINE_IN_TEN
from prunescope.study import Baseline

RULE = "superposition"
OWN = {"a": 1.0}
STILL = SCALES["divergence"].still / math.sqrt(1000)


def trials(count: int, factor: float, spread: float = 0.0, seed: int = 1) -> list[Trial]:
    """Plans whose every figure is ``factor`` times what was expected, more or less."""
    made = np.random.default_rng(seed)
    found = []
    for place in range(count):
        said = 0.01 + 0.2 * made.random()
        real = factor * said + spread * (said + STILL) * made.normal()
        found.append(
            Trial(f"{place}", "none", PredictedEffects(0.0, real, real, real),
                  {RULE: PredictedEffects(0.0, said, said, said)}, OWN)
        )  # fmt: skip
    return found


def test_worst_recall_by_hand() -> None:
    baseline = Baseline(30, 0.8, None, (10, 0, 20), (9, 0, 15))
    row = {"samples": 30, "drop_sum": 3.0, "entropy_sum": 6.0, "divergence_sum": 1.5,
           "class_correct": (6, 0, 15)}  # fmt: skip
    found = PredictedEffects.measured(row, baseline)
    assert (found.drop, found.entropy, found.divergence) == (0.1, 0.2, 0.05)
    assert found.worst == pytest.approx(0.75 - 0.6)
    assert math.isnan(PredictedEffects.measured(row, None).worst)
    assert math.isnan(PredictedEffects.measured(row | {"class_correct": ()}, baseline).worst)


def test_right_guesses_are_left_alone_and_sure() -> None:
    for name, figure in figure_corrections(trials(16, 1.0), RULE).items():
        found, scale = figure.interval(0.1, OWN), figure.scale
        assert found is not None
        assert found.mean == pytest.approx(0.1)
        freedom = scale.worth + 16
        score = quantile(freedom) * scale.spread * math.sqrt(scale.worth / freedom)
        size = 0.1 + scale.still / math.sqrt(1000)
        assert figure.correction is not None
        doubt = NINE_IN_TEN * figure.correction(0.1, OWN)[1]
        assert found.half_width == pytest.approx(max(score * size, doubt), abs=1e-9), name


def test_one_plan_that_was_off_leaves_an_interval_of_the_changes_own_size() -> None:
    """It was ten times the change: −15.7 to 19.1 nats around 1.7."""
    off = Trial("a", "none", PredictedEffects(0.0, 3.2, 3.0, 0.9),
                {RULE: PredictedEffects(0.0, 1.8, 1.7, 0.5)}, OWN)  # fmt: skip
    for name, figure in figure_corrections([off], RULE).items():
        found = figure.interval(1.7, OWN)
        assert found is not None
        assert 0.3 * found.mean < found.half_width < 2.5 * found.mean, name


def test_an_interval_stands_before_any_plan_where_other_networks_tell() -> None:
    for name, figure in figure_corrections([], RULE).items():
        found, scale = figure.interval(0.1, OWN), SCALES[name]
        assert found is not None
        size = 0.1 + scale.still / math.sqrt(1000)
        assert found.half_width == pytest.approx(quantile(scale.worth) * scale.spread * size)
    for figure in figure_corrections([], RULE, familiar=False).values():
        assert figure.interval(0.1, OWN) is None
    for count, known in ((2, False), (3, True)):
        for figure in figure_corrections(trials(count, 1.3), RULE, familiar=False).values():
            assert (figure.interval(0.1, OWN) is not None) == known


def test_a_class_of_few_samples_is_surer_of_less() -> None:
    many, few = (
        figure_corrections([], RULE, Baseline(1000, 0.8, None, counts))["worst"].interval(0.1, OWN)
        for counts in ((500, 500), (996, 4))
    )
    assert many is not None
    assert few is not None
    assert few.half_width > 2 * many.half_width


def test_what_is_always_twice_as_large_is_corrected() -> None:
    found = figure_corrections(trials(60, 2.0), RULE)
    for name in SCALES:
        corrected = found[name].interval(0.1, OWN)
        assert corrected is not None
        assert corrected.mean == pytest.approx(0.2, rel=0.07)


@pytest.mark.parametrize("fall", [0.0, 0.05, 0.1, 0.3])
def test_the_classes_agree_with_their_worst(fall: float) -> None:
    said = (Recall(0, 0.7, 0.6), Recall(1, 0.9, 0.72), Recall(2, 0.8, 0.83))
    found = shift_recalls(said, fall)
    assert min(each.pruned for each in found) == pytest.approx(0.7 - fall, abs=2e-3)
    ways = [
        (new.pruned - new.dense, old.pruned - old.dense)
        for new, old in zip(found, said, strict=True)
    ]
    times = {round(new / old, 6) for new, old in ways}
    assert len(times) == 1


def test_a_fall_that_no_change_makes_is_come_near_to() -> None:
    better = (Recall(0, 0.7, 0.75), Recall(1, 0.9, 0.95))
    assert min(each.pruned for each in shift_recalls(better, 0.1)) == pytest.approx(0.7, abs=2e-3)
    assert all(0 <= each.pruned <= 1 for each in shift_recalls((Recall(0, 0.7, 0.1),), 0.9))


@pytest.mark.parametrize("name", SCALES)
def test_new_plans_end_inside_nine_times_in_ten(name: str) -> None:
    made = np.random.default_rng(2)
    inside = []
    for place, said in enumerate(0.01 + 0.2 * made.random(400)):
        if place % 20 == 0:  # one study's plans may be more alike than the next one's
            figure = figure_corrections(trials(40, 1.2, 0.2, place), RULE)[name]
        interval = figure.interval(said, OWN)
        assert interval is not None
        real = 1.2 * said + 0.2 * (said + STILL) * made.normal()
        inside.append(interval.low <= real <= interval.high)
    assert 0.88 <= np.mean(inside) <= 1


def test_nothing_is_said_of_what_nobody_knows() -> None:
    unknown = Trial("a", "none", PredictedEffects(0.1), {RULE: PredictedEffects(0.1)})
    assert figure_corrections([unknown], RULE) == figure_corrections([], RULE)
    known = figure_corrections(trials(5, 1.0), RULE)["worst"]
    assert FigureCorrection(known.scale, 9, False, known.correction).interval(0.1, OWN) is None
    assert known.interval(math.nan, OWN) is None
