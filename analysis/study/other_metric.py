"""A metric that a study stores beside the one that it draws. Torch-free."""

from dataclasses import dataclass
from typing import Final

from prunescope.study.metric_summary import MetricSummary

SUMS: Final = ("score_sum", "drop_sum", "drop_squares")
"""What rows hold of each such metric, one behind the other."""


@dataclass(frozen=True)
class OtherMetric:
    """A metric that is stored beside the drawn one.

    Attributes:
        name: As its user wrote it.
        summary: What its numbers are.
        dense: The dense network's stored score.
        scale: How far one sample's score may change.
    """

    name: str
    summary: MetricSummary
    dense: float
    scale: float = 1.0
