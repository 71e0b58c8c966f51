"""One row per predicted point: a drop that nobody measured, with the interval of its error."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from prunescope.study.method import Method
from prunescope.study.point import KEY

PREDICTED_KEY: Final = (*KEY, "made")


@dataclass(frozen=True)
class PredictedPoint:
    """What a first look predicts of one layer or group pruned.

    Attributes:
        fingerprint: Of weights, graph, data and metric.
        version: The engine's measurement version.
        subject: Layer or group name.
        criterion: Name of the criterion.
        granularity: ``weight``, ``channel`` or ``head``.
        sparsity: As asked, 0 to 1.
        recovery: ``none``.
        seed: Of whatever is random.
        made: When, in seconds since 1970: a later look replaces an earlier one's.
        drop: Predicted mean drop over the validation split.
        low: Lower end of its 95 % interval.
        high: Upper end.
        anchors: Measured points that the prediction and its error rest on.
        error: Mean absolute error of those of these with drops of up to five points (or five per
            cent), each predicted from the others; NaN where there are none.
    """

    fingerprint: str
    version: int
    subject: str
    criterion: str
    granularity: str
    sparsity: float
    recovery: str
    seed: int
    made: float
    drop: float
    low: float
    high: float
    anchors: int
    error: float

    @property
    def key(self) -> tuple[str | int | float, ...]:
        """Its values of ``KEY``."""
        return tuple(getattr(self, name) for name in KEY)


def newest_predictions(rows: Iterable[PredictedPoint]) -> tuple[PredictedPoint, ...]:
    """Return one prediction for each point, the newest, in the order of their keys."""
    newest = {row.key: row for row in sorted(rows, key=lambda row: row.made)}
    return tuple(newest[key] for key in sorted(newest))


@dataclass(frozen=True)
class PredictedCurve:
    """The predictions of one layer and method.

    Attributes:
        subject: Layer name.
        method: In words.
        points: By rising sparsity.
    """

    subject: str
    method: str
    points: tuple[PredictedPoint, ...]

    @property
    def mean(self) -> float:
        """The mean predicted drop over its sparsities: how sensitive the layer is."""
        return sum(point.drop for point in self.points) / len(self.points)

    def within(self, limit: float) -> float:
        """The largest sparsity up to which every predicted drop is within ``limit``, 0 for none."""
        return self._last([point.drop <= limit for point in self.points])

    def surely_within(self, limit: float) -> float:
        """The same of the upper ends of the intervals."""
        return self._last([point.high <= limit for point in self.points])

    def _last(self, fits: list[bool]) -> float:
        places = itertools.takewhile(lambda pair: pair[1], zip(self.points, fits, strict=True))
        return max((point.sparsity for point, _ in places), default=0.0)


def one_of_each_kind(rows: Iterable[PredictedPoint]) -> tuple[PredictedPoint, ...]:
    """Return a prediction of weights and one of units, if there are any: each has its own error."""
    kinds = {row.granularity == "weight": row for row in rows}
    return tuple(kinds[weights] for weights in (True, False) if weights in kinds)


def predicted_curves(rows: Iterable[PredictedPoint]) -> tuple[PredictedCurve, ...]:
    """Return the curves of ``rows``, the most sensitive first."""
    curves: dict[tuple[str, str, int], list[PredictedPoint]] = {}
    for row in rows:
        method = Method(row.criterion, row.granularity)
        curves.setdefault((row.subject, str(method), row.seed), []).append(row)
    ranked = [
        PredictedCurve(
            subject,
            method + (f" #{seed}" if seed else ""),
            tuple(sorted(own, key=lambda point: point.sparsity)),
        )
        for (subject, method, seed), own in curves.items()
    ]
    return tuple(sorted(ranked, key=lambda curve: -curve.mean))
