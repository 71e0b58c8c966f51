"""Predict what a combination of choices costs, from a sweep's stored numbers. Torch-free.

One idea per file. Predictors: ``added_drops``, ``added_divergences`` (sums), ``superposition``
(logits). ``reach`` says which of them the data can bear, ``track_record`` and ``active_predictor``
choose among those; ``correction`` holds what verified plans taught; ``prior_interval``,
``possible_drops`` and ``interval_basis`` say how far off a prediction may be; ``proposals`` chooses
plans worth verifying.
"""

from prunescope.planning.prediction.forecast import Forecast, Recall
from prunescope.planning.prediction.logit_operators import LogitOperators
from prunescope.planning.prediction.logit_source import LogitsInMemory, LogitSource
from prunescope.planning.prediction.plan_parts import Gap, Part, missing_sweeps, parts_of
from prunescope.planning.prediction.predicted_effects import PredictedEffects
from prunescope.planning.prediction.predictors import PREDICTORS
from prunescope.planning.prediction.proposals import propose_verifications
from prunescope.planning.prediction.track_record import Record, Trial

__all__ = [
    "PREDICTORS",
    "Forecast",
    "Gap",
    "LogitOperators",
    "LogitSource",
    "LogitsInMemory",
    "Part",
    "PredictedEffects",
    "Recall",
    "Record",
    "Trial",
    "missing_sweeps",
    "parts_of",
    "propose_verifications",
]  # fmt: skip
