"""Look for a better plan than sums can tell, with the predictor of whole plans. Torch-free."""

from prunescope.planning.search.descent import SECONDS, Found, Proposal, apart, look_around
from prunescope.planning.search.improve import improve, settled, taken, with_plan
from prunescope.planning.search.judge import Judge, judge
from prunescope.planning.search.measure_best import Measure, Measured, measured_best
from prunescope.planning.search.measured_candidates import SETTLEMENT, Settlement
from prunescope.planning.search.plan_names import NAMES
from prunescope.planning.search.starting_plans import starting_plans

__all__ = [
    "NAMES", "SECONDS", "SETTLEMENT", "Found", "Judge", "Measure", "Measured", "Proposal",
    "Settlement", "apart", "improve", "judge", "look_around", "measured_best", "settled",
    "starting_plans", "taken", "with_plan",
]  # fmt: skip
