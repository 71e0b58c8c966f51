"""What the page *Curves* says of one subject before and beside what is measured."""

import pandas as pd

from analysis.chance import chance
from analysis.store.folder import Study
from dashboard import loaders
from dashboard.charts.screened import unmeasured
from dashboard.loaders import Measured

_MOST = 4


def of_subject(opened: Study, known: Measured, name: str, granularity: str) -> pd.DataFrame:
    """Return the screened curves of a layer or group that are not measured to the end."""
    rows = loaders.screened(opened)
    rows = rows[(rows["subject"] == name) & (_kind(rows["granularity"]) == _one(granularity))]
    points = known.points[known.points["subject"] == name]
    return unmeasured(rows, points)


def sentences(known: Measured, name: str, granularity: str, unsure: pd.DataFrame) -> list[str]:
    """Return what the caption adds: which criteria beat chance here, and what dashes mean."""
    points = known.points
    own = points[(points["subject"] == name) & (_kind(points["granularity"]) == _one(granularity))]
    text = [verdict.sentence() for verdict in chance(own)[:_MOST]]
    if not unsure.empty:
        text.append(
            "Dashed, right axis: screened without labels, the squared change of the outputs that "
            "change first, relative to them; no accuracy."
        )
    return text


def _kind(granularities: "pd.Series[str]") -> "pd.Series[str]":
    return granularities.map(_one)


def _one(granularity: str) -> str:
    """Patterns prune the same layers as single weights."""
    return "weight" if ":" in granularity else granularity
