"""Predict what a combination of choices costs, from a sweep's stored numbers. Torch-free.

One idea per file: ``drops``, ``divergence`` (sums), ``superposition``, ``composition`` (logits);
``record`` and ``standing`` say which of them is in force, ``correction`` and ``interval`` what was
learnt from verified plans, ``proposals`` which plans are worth verifying.
"""

from analysis.planning.predictors.cells import Cells
from analysis.planning.predictors.figures import Figures
from analysis.planning.predictors.forecast import Forecast, Recall
from analysis.planning.predictors.parts import Gap, Part, parts_of, sweep_command
from analysis.planning.predictors.proposals import propose_verifications
from analysis.planning.predictors.record import Record, Trial
from analysis.planning.predictors.registry import PREDICTORS
from analysis.planning.predictors.source import Kept, LogitSource

__all__ = [
    "PREDICTORS", "Cells", "Figures", "Forecast", "Gap", "Kept", "LogitSource", "Part", "Recall",
    "Record", "Trial", "parts_of", "propose_verifications", "sweep_command",
]  # fmt: skip
