"""What the page *Curves* says of one subject before and beside what is measured."""

import pandas as pd

from prunescope.curves.chance import chance, verdict_sentences
from prunescope.dashboard.charts.screened import unmeasured
from prunescope.dashboard.shared import loaders
from prunescope.dashboard.shared.loaders import StudyMeasurements
from prunescope.store.folder import StudyFolder
from prunescope.text.numbers import counted

_MOST = 4


def of_subject(
    opened: StudyFolder, known: StudyMeasurements, name: str, granularity: str
) -> pd.DataFrame:
    """Return the screened curves of a layer or group that are not measured to the end."""
    rows = loaders.screened(opened)
    rows = rows[(rows["subject"] == name) & (_kind(rows["granularity"]) == _one(granularity))]
    points = known.points[known.points["subject"] == name]
    return unmeasured(rows, points)


def verdicts(known: StudyMeasurements, name: str, granularity: str) -> list[str]:
    """Return which criteria beat chance on a layer or group, those that do everywhere together."""
    points = known.points
    own = points[(points["subject"] == name) & (_kind(points["granularity"]) == _one(granularity))]
    verdicts = chance(own)
    left = len(verdicts) - _MOST
    more = [f"{counted(left, 'more curve')} can be compared with chance."] if left > 0 else []
    return [*verdict_sentences(verdicts[:_MOST]), *more]


def _kind(granularities: "pd.Series[str]") -> "pd.Series[str]":
    return granularities.map(_one)


def _one(granularity: str) -> str:
    """Patterns prune the same layers as single weights."""
    return "weight" if ":" in granularity else granularity
