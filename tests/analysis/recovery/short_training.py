"""Short training, and what the fixtures of these tests are called in signatures."""

from collections.abc import Callable

from prunescope.bench.workbench import Workbench
from prunescope.recovery.training.fine_tuning_report import FineTuning
from prunescope.study.plan import Plan

QUICK = FineTuning(epochs=2, rate=0.05, batch=32)
MakeBench = Callable[..., Workbench]
MakePlan = Callable[..., Plan]
