"""Predict what a combination of choices costs, from a sweep's stored numbers. Torch-free.

One idea per file: ``drops``, ``divergence`` (sums), ``superposition``, ``composition`` (logits);
``record`` and ``standing`` say which of them is in force, ``correction`` and ``interval`` what was
learnt from verified plans, ``proposals`` which plans are worth verifying.
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
