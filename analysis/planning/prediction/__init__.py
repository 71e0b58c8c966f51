"""Predict what a combination of choices costs, from a sweep's stored numbers. Torch-free.

One idea per file. Predictors: ``added_drops``, ``added_divergences`` (sums), ``superposition``,
``composition`` (logits). ``track_record``, ``active_predictor`` choose among them; ``correction``
holds what verified plans taught; ``proposals`` chooses plans worth verifying.
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
