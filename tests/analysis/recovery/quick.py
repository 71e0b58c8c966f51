"""Short training, and what the fixtures of these tests are called in signatures."""

from collections.abc import Callable

from analysis.planning.plan import Plan
from analysis.recovery.report import FineTuning
from analysis.workbench import Workbench

QUICK = FineTuning(epochs=2, rate=0.05, batch=32)
MakeBench = Callable[..., Workbench]
MakePlan = Callable[..., Plan]
