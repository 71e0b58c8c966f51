"""What comes with the drop: compared with the truth, corrected, and as sure as it was right."""

import math

import numpy as np
import pytest

from prunescope.planning.prediction.figure_corrections import FigureCorrection, figure_corrections
from prunescope.planning.prediction.forecast import Recall, shift_recalls
from prunescope.planning.prediction.predicted_effects import SLACKS, PredictedEffects
from prunescope.planning.prediction.track_record import Trial
from prunescope.statistics.tolerance import NINE_IN_TEN
from prunescope.study import Baseline

RULE = "superposition"
OWN = {"a": 1.0}


def trials(count: int, factor: float, spread: float = 0.0) -> list[Trial]:
    """Plans whose every figure is ``factor`` times what was expected, more or less."""
    made = np.random.default_rng(1)
    found = []
    for place in range(count):
        said = 0.01 + 0.2 * made.random()
        real = factor * said + spread * (said + 0.005) * made.normal()
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
    for name, scale in figure_corrections(trials(16, 1.0), RULE).items():
        found = scale.interval(0.1, OWN)
        assert found is not None
        assert found.mean == pytest.approx(0.1)
        doubt = scale.correction(0.1, OWN)[1]
        assert found.half_width == pytest.approx(NINE_IN_TEN * doubt, abs=1e-9), name


def test_what_is_always_twice_as_large_is_corrected() -> None:
    found = figure_corrections(trials(60, 2.0), RULE)
    for name in SLACKS:
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


@pytest.mark.parametrize("name", SLACKS)
def test_new_plans_end_inside_nine_times_in_ten(name: str) -> None:
    scale = figure_corrections(trials(40, 1.2, 0.2), RULE)[name]
    made = np.random.default_rng(2)
    inside = []
    for said in 0.01 + 0.2 * made.random(400):
        interval = scale.interval(said, OWN)
        assert interval is not None
        real = 1.2 * said + 0.2 * (said + 0.005) * made.normal()
        inside.append(interval.low <= real <= interval.high)
    assert 0.88 <= np.mean(inside) <= 1


def test_nothing_is_said_of_what_nobody_knows() -> None:
    unknown = Trial("a", "none", PredictedEffects(0.1), {RULE: PredictedEffects(0.1)})
    assert figure_corrections([unknown], RULE) == {}
    assert figure_corrections([], RULE) == {}
    known = figure_corrections(trials(5, 1.0), RULE)["worst"]
    assert FigureCorrection(0.01, known.correction).interval(0.1, OWN) is None
    assert known.interval(math.nan, OWN) is None
