"""Look for a better plan than sums can tell, with the predictor of whole plans. Torch-free."""

from analysis.planning.search.around import SECONDS, Found, Proposal, apart, look_around
from analysis.planning.search.improved import improved, settled, taken, with_plan
from analysis.planning.search.judge import Judge, judge
from analysis.planning.search.measured import Measure, Measured, measured_best
from analysis.planning.search.origins import NAMES
from analysis.planning.search.settlement import SETTLEMENT, Settlement
from analysis.planning.search.starts import starts

__all__ = [
    "NAMES", "SECONDS", "SETTLEMENT", "Found", "Judge", "Measure", "Measured", "Proposal",
    "Settlement", "apart", "improved", "judge", "look_around", "measured_best", "settled", "starts",
    "taken", "with_plan",
]  # fmt: skip
