"""Search for better plans than sums give, by the predictor of whole plans. Torch-free."""

from prunescope.planning.search.descent import (
    PlanProposal,
    SearchResult,
    distinct_proposals,
    look_around,
)
from prunescope.planning.search.evaluations import AT_REST, usual_evaluations
from prunescope.planning.search.improve import (
    improve,
    improve_by_measuring,
    replace_plan,
    take_best_measured,
)
from prunescope.planning.search.measure_best import Measure, MeasuredBest, measured_best
from prunescope.planning.search.measured_candidates import MEASURED_CANDIDATES, MeasuredCandidates
from prunescope.planning.search.plan_names import NAMES, beside_in_words
from prunescope.planning.search.predicted_objective import Judge, judge
from prunescope.planning.search.starting_plans import starting_plans

__all__ = [
    "AT_REST",
    "MEASURED_CANDIDATES",
    "NAMES",
    "Judge",
    "Measure",
    "MeasuredBest",
    "MeasuredCandidates",
    "PlanProposal",
    "SearchResult",
    "beside_in_words",
    "distinct_proposals",
    "improve",
    "improve_by_measuring",
    "judge",
    "look_around",
    "measured_best",
    "replace_plan",
    "starting_plans",
    "take_best_measured",
    "usual_evaluations",
]  # fmt: skip
