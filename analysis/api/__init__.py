"""The public face: studies in a notebook, from references or live objects. Imports without torch.

``prunescope`` itself offers what stands here (``import prunescope as ps``); the command line calls
the same functions.
"""

from prunescope.api.exported_models import load_pruned
from prunescope.api.inspections import inspect
from prunescope.api.solved_plan import SolvedPlan
from prunescope.api.studies import open_study
from prunescope.api.study import Study
from prunescope.api.sweeps import sweep

__all__ = ["SolvedPlan", "Study", "inspect", "load_pruned", "open_study", "sweep"]
