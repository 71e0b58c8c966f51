"""Curves: the measured drop of one layer or group against its sparsity. Torch-free."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from prunescope.curves.means import measured_points
from prunescope.statistics.paired import Interval
from prunescope.study import Manifest, Method

FEW_UNITS: Final = 256
"""A curve over at most this many units is drawn in steps."""

_SLACK: Final = 1e-12


@dataclass(frozen=True)
class CurvePoint:
    """One measured point of a curve.

    Attributes:
        sparsity: As asked, 0 to 1.
        removed: Weights or units removed; above 0, else the point is no measurement.
        total: Weights or units that there were.
        samples: Evaluated samples.
        score: Mean score of the pruned model.
        interval: The drop (dense minus pruned, positive is worse) with its paired interval; before
            all samples are seen, widened by what the others can change.
        entropy: Mean change of the cross-entropy in nats; NaN without class logits.
        divergence: Mean KL(dense ‖ pruned) in nats; NaN without class logits.
        compressed_bytes: Of the pruned weight, deflated; 0 when not taken.
        nonfinite: Samples for which the pruned model gave NaN or infinity.
        split_half: Half-width of the interval of the drop over all samples of the split; 0 once
            all are seen.
    """

    sparsity: float
    removed: int
    total: int
    samples: int
    score: float
    interval: Interval
    entropy: float
    divergence: float
    compressed_bytes: int = 0
    nonfinite: int = 0
    split_half: float = 0.0

    @property
    def drop(self) -> float:
        """Mean drop."""
        return self.interval.mean

    @property
    def share(self) -> float:
        """Fraction really removed: ``removed / total``."""
        return self.removed / self.total

    @property
    def within_noise(self) -> bool:
        """Whether the interval contains no change at all."""
        return self.interval.low <= 0 <= self.interval.high


@dataclass(frozen=True, order=True)
class CurveKey:
    """Identity of a curve."""

    subject: str
    method: Method
    recovery: str = "none"
    seed: int = 0


@dataclass(frozen=True)
class Curve:
    """Points of one subject, method, recovery and seed, by ascending sparsity.

    Attributes:
        points: The measurements; points at which nothing was removed are not among them.
        too_small: Sparsities too small to remove one weight or unit.
    """

    key: CurveKey
    points: tuple[CurvePoint, ...]
    too_small: tuple[float, ...] = ()

    @property
    def stepped(self) -> bool:
        """Whether there are so few units that only some sparsities exist."""
        return any(point.total <= FEW_UNITS for point in self.points)

    def steps(self) -> tuple[CurvePoint, ...]:
        """Return one point per count of removed units, at the smallest sparsity that gives it."""
        first: dict[int, CurvePoint] = {}
        for point in self.points:
            first.setdefault(point.removed, point)
        return tuple(first.values())

    def at(self, sparsity: float) -> CurvePoint | None:
        """Return the point measured at ``sparsity``, or None."""
        return next((point for point in self.points if point.sparsity == sparsity), None)

    def drop_at(self, sparsity: float) -> Interval:
        """Return the drop at ``sparsity`` and its interval, linear between measured points.

        It is 0 at sparsity 0. Past the last point (``reach``) it is that point's drop, a lower
        bound where curves rise.
        """
        if sparsity <= 0 or not self.points:
            return Interval(0.0, 0.0, 0.0)
        index = bisect_right(self.points, sparsity, key=lambda point: point.sparsity)
        if index == len(self.points):
            return self.points[-1].interval
        upper = self.points[index]
        lower = self.points[index - 1] if index else None
        start = lower.sparsity if lower else 0.0
        below = lower.interval if lower else Interval(0.0, 0.0, 0.0)
        part = (sparsity - start) / (upper.sparsity - start)
        above = upper.interval
        return Interval(
            below.mean + part * (above.mean - below.mean),
            below.low + part * (above.low - below.low),
            below.high + part * (above.high - below.high),
        )

    def between(self, sparsity: float) -> Interval:
        """Return the drop at ``sparsity`` with an interval that covers both measured neighbours'.

        As ``drop_at``, but the interval includes those of the points on both sides, as the shape of
        the curve between them is unknown.
        """
        drop = self.drop_at(sparsity)
        index = bisect_left(self.points, sparsity, key=lambda point: point.sparsity)
        if not 0 < sparsity < self.reach or self.points[index].sparsity == sparsity:
            return drop
        below = self.points[index - 1].interval if index else Interval(0.0, 0.0, 0.0)
        above = self.points[index].interval
        return Interval(drop.mean, min(below.low, above.low), max(below.high, above.high))

    @property
    def reach(self) -> float:
        """The largest measured sparsity, 0 when there is none."""
        return self.points[-1].sparsity if self.points else 0.0

    def largest_within(self, limit: float) -> float:
        """Return the largest measured sparsity up to which every drop stays within ``limit``.

        The scan starts at the smallest sparsity and ends at the first violation, so a later point
        within the limit by luck does not count; negative drops are within. 0 when the first point
        violates. A point that has not seen all samples counts only if they cannot bring its drop
        past the limit; else it is skipped, or ends the scan if its drop so far violates.

        Args:
            limit: Largest accepted drop, absolute (0.01 is one point of accuracy).
        """
        largest = 0.0
        for point in self.points:
            if not point.drop <= limit + _SLACK:
                break
            if point.drop + point.split_half <= limit + _SLACK:
                largest = point.sparsity
        return largest

    def area(self, end: float | None = None) -> float:
        """Return the mean drop over the sparsities 0 to ``end``: the curve's area over its width.

        Args:
            end: Where to stop, at most ``reach``; None for all of the curve. NaN without points.
        """
        stop = self.reach if end is None else min(end, self.reach)
        if stop <= 0:
            return math.nan
        inner = [point.sparsity for point in self.points if point.sparsity < stop]
        grid = np.array([0.0, *inner, stop])
        drops = np.array([self.drop_at(float(value)).mean for value in grid])
        return float(np.trapezoid(drops, grid) / stop)


Curves = Mapping[CurveKey, Curve]


def curves(frame: pd.DataFrame, manifest: Manifest) -> dict[CurveKey, Curve]:
    """Return every curve that the measurements hold, by layer in forward order, then by method.

    Args:
        frame: Rows as in ``Study.measured()``.
        manifest: Gives the order of the subjects.
    """
    if frame.empty:
        return {}
    points = measured_points(frame, manifest.scale).sort_values("sparsity", kind="stable")
    order = {name: index for index, name in enumerate(subjects(manifest))}
    gathered: dict[CurveKey, list[CurvePoint]] = {}
    too_small: dict[CurveKey, list[float]] = {}
    for row in points.to_dict("records"):
        method = Method(row["criterion"], row["granularity"])
        key = CurveKey(row["subject"], method, row["recovery"], row["seed"])
        gathered.setdefault(key, [])
        if row["removed"] <= 0:
            too_small.setdefault(key, []).append(row["sparsity"])
            continue
        gathered[key].append(
            CurvePoint(
                row["sparsity"], row["removed"], row["total"], row["samples"], row["score"],
                Interval(row["drop"], row["low"], row["high"]), row["entropy"],
                row["divergence"], row["compressed_bytes"], row["nonfinite"], row["split_half"],
            )
        )  # fmt: skip
    keys = sorted(gathered, key=lambda key: (order.get(key.subject, len(order)), key))
    return {key: Curve(key, tuple(gathered[key]), tuple(too_small.get(key, ()))) for key in keys}


def subjects(manifest: Manifest) -> tuple[str, ...]:
    """Return the names of all layers and groups that can be pruned, layers first, once each."""
    names = [layer.name for layer in manifest.prunable()]
    names += [group.name for group in manifest.groups if group.reason is None]
    return tuple(dict.fromkeys(names))


def by_sensitivity(curves_: Iterable[Curve]) -> list[tuple[str, float]]:
    """Return the subjects with their mean drop, most sensitive first.

    A subject's figure is the area of its best method over the sparsities that all curves share, so
    that measuring a subject further does not change its rank. Curves without points are left out.
    """
    measured = [curve for curve in curves_ if curve.points]
    if not measured:
        return []
    end = min(curve.reach for curve in measured)
    best: dict[str, float] = {}
    for curve in measured:
        area = curve.area(end)
        best[curve.key.subject] = min(area, best.get(curve.key.subject, math.inf))
    return sorted(best.items(), key=lambda pair: (-pair[1], pair[0]))
