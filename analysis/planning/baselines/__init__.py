"""Simple rules to the same budgets: uniform, ERK, LAMP, global magnitude, equal drop."""

from prunescope.planning.baselines.allocation_rules import BASELINES, SCORE_OF, Levels
from prunescope.planning.baselines.fit_budget import baseline, removes_units

__all__ = ["BASELINES", "SCORE_OF", "Levels", "baseline", "removes_units"]
