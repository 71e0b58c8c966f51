"""A thousand classes and few samples: nothing per class can be fitted, and an interval holds."""

import numpy as np
import pytest

from prunescope.planning.prediction.logit_coordinates import Coordinates, hits
from prunescope.planning.prediction.logit_operators import LogitOperators
from prunescope.planning.prediction.predict import Prediction, predict
from prunescope.planning.prediction.predictors import MEAN, PREDICTORS
from tests.analysis.planning.prediction.invented_study import (
    NOTHING,
    InventedStudy,
    centred,
    plan,
)

SAMPLES, CLASSES = 64, 1000
SCALES = {"a": 0.8, "b": 0.7, "c": 0.9}
MADE = np.random.default_rng(3)
TARGETS = MADE.integers(0, CLASSES, SAMPLES)
DENSE = MADE.normal(size=(SAMPLES, CLASSES))
DENSE[np.arange(SAMPLES), TARGETS] += 5.0
DENSE = centred(DENSE)
NOISES = {name: centred(MADE.normal(size=DENSE.shape)) * 0.6 for name in "abc"}


def study(metric: str) -> InventedStudy:
    points = {(name, 0.5): SCALES[name] * (DENSE + NOISES[name]) for name in "abc"}
    right = DENSE.argmax(axis=1) if metric == "agreement" else TARGETS
    return InventedStudy(DENSE, right, points, metric)


def predicted(metric: str, predictor: str | None = None) -> tuple[Prediction, float]:
    """The prediction of all three, and what they really lose together."""
    own = study(metric)
    operators = LogitOperators(own.manifest, own.source)
    made = plan(a=0.5, b=0.5, c=0.5)
    together = np.prod(list(SCALES.values())) * (DENSE + sum(NOISES.values()))
    guess = predict(own.manifest, made, own.curves, NOTHING, operators, predictor)
    return guess, float(own.drops(together).mean())


def test_all_other_classes_together_are_no_class() -> None:
    """Their summed exponentials exceed every class's, so they won every comparison."""
    coordinates = Coordinates.of(DENSE, TARGETS)
    rows = coordinates(DENSE)
    with_others = hits(rows, coordinates.target, "top-1")
    alone = hits(coordinates.single_classes(rows), coordinates.target, "top-1")
    assert with_others is not None
    assert alone is not None
    assert with_others.mean() < 0.1
    assert alone.mean() == (DENSE.argmax(axis=1) == TARGETS).mean() > 0.9


@pytest.mark.parametrize("metric", ["top-1", "agreement"])
def test_the_interval_has_a_width_and_holds(metric: str) -> None:
    guess, real = predicted(metric)
    assert real > 0.1
    assert guess.predictor == MEAN
    assert guess.interval is not None
    assert guess.interval.low <= real <= guess.interval.high
    assert guess.interval.half_width > 0.05
    assert guess.interval.high <= 1
    if metric == "agreement":
        assert guess.interval.low >= 0


@pytest.mark.parametrize("predictor", PREDICTORS)
def test_no_predictor_clips_its_interval_to_nothing(predictor: str) -> None:
    guess, _ = predicted("agreement", predictor)
    assert guess.interval is not None
    assert guess.interval.high - guess.interval.low > 0.05
