"""Simple rules to the same budgets: uniform, ERK, LAMP, global magnitude, equal drop."""

from analysis.planning.baselines.budget import baseline, units_leave
from analysis.planning.baselines.rules import BASELINES, SCORE_OF, Levels

__all__ = ["BASELINES", "SCORE_OF", "Levels", "baseline", "units_leave"]
