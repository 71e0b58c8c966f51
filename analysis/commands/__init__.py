"""What each command of the command line takes, as a value: one frozen request a command.

The dashboard's jobs, the demo and every sentence that names a command are made from these, so an
option is spelled here and in the command itself, and a test holds the two together. Torch-free.
"""

from prunescope.commands.calibrate import Calibrate
from prunescope.commands.export import Export
from prunescope.commands.finetune import FineTune
from prunescope.commands.inspect import Inspect
from prunescope.commands.pareto import Pareto
from prunescope.commands.plan import GoalOptions, MakePlan
from prunescope.commands.request import JOB_OPTION, PROGRAM, Request
from prunescope.commands.sweep import Sweep
from prunescope.commands.time import Time
from prunescope.commands.verify import Verify

__all__ = [
    "JOB_OPTION",
    "PROGRAM",
    "Calibrate",
    "Export",
    "FineTune",
    "GoalOptions",
    "Inspect",
    "MakePlan",
    "Pareto",
    "Request",
    "Sweep",
    "Time",
    "Verify",
]
