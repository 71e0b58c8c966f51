"""Importance scores: one criterion per file; a file with a ``CRITERION`` is a criterion.

The registry finds them by itself: adding ``analysis/criteria/mine.py`` adds the criterion to the
command line and the dashboard.
"""

from prunescope.criteria.registry import criterion, criterion_names, method_summaries

__all__ = ["criterion", "criterion_names", "method_summaries"]
