"""A study of three layers whose changes add up beside the logits."""

import numpy as np
import pandas as pd

from prunescope.planning.prediction.logit_operators import LogitOperators
from prunescope.planning.prediction.predict import Prediction, predict
from prunescope.planning.prediction.predictors import (
    SUPERPOSITION,
)
from prunescope.study.plan import Plan
from tests.analysis.planning.prediction.invented_study import (
    NOTHING,
    InventedStudy,
    centred,
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
