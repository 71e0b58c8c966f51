"""Merge several seeds of a random criterion into one mean with a range. Torch-free."""

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import pandas as pd

from prunescope.curves.curve import Curve, CurveKey, CurvePoint, Curves
from prunescope.statistics.paired import Interval

RANGED: Final = ("score", "drop", "entropy", "divergence")
"""Columns of which the range over the seeds is kept."""

_KEY: Final = ["subject", "method", "recovery", "sparsity", "removed"]
_MEANS: Final = (*RANGED, "low", "high", "agreement", "compressed_bytes")


def over_seeds(points: pd.DataFrame) -> pd.DataFrame:
    """Return one row per point whatever its seed: means over the seeds, with their range.

    Args:
        points: As from ``curves.means.measured_points``, or from this function; not modified.

    Returns:
        The same columns, and ``seeds``: how many there are; and ``score_min``, ``score_max`` and
        so on for ``RANGED``. ``low`` and ``high`` are the means of the interval's ends: seeds
        share their samples, so averaging them makes no interval narrower. ``seed`` is the least,
        ``samples`` the least number of any seed; ``nonfinite`` and ``split_half`` the largest, and
        ``partial`` if any seed is.
    """
    if "seeds" in points.columns:
        return points
    ends = {f"{name}_{end}": (name, end) for name in RANGED for end in ("min", "max")}
    if not points.duplicated(_KEY).any():
        same = {column: points[name] for column, (name, _) in ends.items()}
        return points.assign(seeds=1, **same)
    aggregations = {name: (name, "mean") for name in _MEANS} | ends
    aggregations |= {
        "samples": ("samples", "min"),
        "seed": ("seed", "min"),
        "seeds": ("seed", "nunique"),
    }
    aggregations |= {name: (name, "max") for name in ("nonfinite", "partial", "split_half")}
    rest = [name for name in points.columns if name not in (*_KEY, *aggregations, "noise")]
    aggregations |= {name: (name, "first") for name in rest}
    merged = points.groupby(_KEY, sort=False, dropna=False).agg(**aggregations).reset_index()
    merged["noise"] = (merged["low"] <= 0) & (merged["high"] >= 0)
    return merged[[*points.columns, "seeds", *ends]]


def mean_curves(curves: Curves) -> dict[CurveKey, Curve]:
    """Return ``curves``, where curves that differ only in the seed are replaced by their mean.

    So a random criterion is not judged by its luckiest seed. The key has the least seed; there is
    a point wherever any seed has one, the mean over those seeds. A curve with a single seed is
    returned as it is.
    """
    by_key: dict[CurveKey, list[Curve]] = {}
    for key, curve in curves.items():
        by_key.setdefault(replace(key, seed=0), []).append(curve)
    return {
        (mean_curve := _mean(same_key) if len(same_key) > 1 else same_key[0]).key: mean_curve
        for same_key in by_key.values()
    }


def seed_counts(curves: Iterable[CurveKey]) -> dict[CurveKey, int]:
    """Return how many seeds there are of each curve, by its key with seed 0."""
    seeds: dict[CurveKey, set[int]] = {}
    for key in curves:
        seeds.setdefault(replace(key, seed=0), set()).add(key.seed)
    return {key: len(seed_set) for key, seed_set in seeds.items()}


def _mean(curves: list[Curve]) -> Curve:
    by_sparsity: dict[float, list[CurvePoint]] = {}
    for curve in curves:
        for point in curve.points:
            by_sparsity.setdefault(point.sparsity, []).append(point)
    too_small = {value for curve in curves for value in curve.too_small} - set(by_sparsity)
    key = min(curve.key for curve in curves)
    return Curve(
        key,
        tuple(_point(by_sparsity[value]) for value in sorted(by_sparsity)),
        tuple(sorted(too_small)),
    )


def _point(seeds: list[CurvePoint]) -> CurvePoint:
    def mean(values: Iterable[float]) -> float:
        return math.fsum(values) / len(seeds)

    return replace(
        seeds[0],
        samples=min(point.samples for point in seeds),
        score=mean(point.score for point in seeds),
        interval=Interval(
            mean(point.interval.mean for point in seeds),
            mean(point.interval.low for point in seeds),
            mean(point.interval.high for point in seeds),
        ),
        entropy=mean(point.entropy for point in seeds),
        divergence=mean(point.divergence for point in seeds),
        compressed_bytes=round(mean(point.compressed_bytes for point in seeds)),
        nonfinite=max(point.nonfinite for point in seeds),
        split_half=max(point.split_half for point in seeds),
    )
