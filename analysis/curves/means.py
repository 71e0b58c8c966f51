"""Measurements as means with intervals, a row per point. Torch-free."""

import numpy as np
import pandas as pd

from prunescope.statistics.confidence_sequence import drop_half_widths
from prunescope.statistics.paired import CONFIDENCE, normal_quantile


def measured_points(frame: pd.DataFrame, scale: float = 1.0) -> pd.DataFrame:
    """Return measurements as means with intervals, one row per point, for charts and tables.

    Args:
        frame: Rows as in ``Study.measured()``; not modified.
        scale: How far one sample's score may change, as from ``Manifest.scale``.

    Returns:
        Columns ``subject, method, criterion, granularity, recovery, seed, sparsity, removed,
        total, share, samples, score, drop, low, high, entropy, divergence, agreement,
        compressed_bytes, nonfinite, noise, population, partial, split_half``. Agreement is NaN
        without classes; ``noise`` says that the drop's interval contains 0. ``partial`` says that
        not all samples of the split are seen yet; the drop over all of them then lies within
        ``split_half`` of the one so far, whenever one looks (``statistics.confidence_sequence``),
        and ``low`` and ``high`` are at least so far apart. Rows that removed nothing are kept: they
        show a sparsity as too small.
    """
    columns = ["subject", "criterion", "granularity", "recovery", "seed", "sparsity", "removed",
            "total", "samples", "population", "compressed_bytes", "nonfinite"]  # fmt: skip
    points = frame[columns].copy()
    plain = frame["granularity"] == "weight"
    named = frame["criterion"] + "@" + frame["granularity"]
    points.insert(1, "method", frame["criterion"].where(plain, named))
    samples = frame["samples"].to_numpy(float)
    counted = np.where(samples > 0, samples, np.nan)
    half = drop_half_widths(
        samples, frame["population"], frame["drop_sum"], frame["drop_squares"], scale=scale
    )
    mean, low, high = _intervals(
        samples,
        frame["drop_sum"].to_numpy(float),
        frame["drop_squares"].to_numpy(float),
        half,
        scale,
    )
    points["share"] = frame["removed"] / frame["total"].where(frame["total"] > 0)
    points["score"] = frame["score_sum"].to_numpy(float) / counted
    points["drop"], points["low"], points["high"] = mean, low, high
    points["entropy"] = frame["entropy_sum"].to_numpy(float) / counted
    points["divergence"] = frame["divergence_sum"].to_numpy(float) / counted
    agreements = frame["agreements"].to_numpy(float)
    points["agreement"] = np.where(agreements >= 0, agreements, np.nan) / counted
    points["noise"] = (low <= 0) & (high >= 0)
    points["partial"] = frame["samples"] < frame["population"]
    points["split_half"] = half
    return points


def _intervals(
    samples: np.ndarray, total: np.ndarray, squares: np.ndarray, least: np.ndarray, scale: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """``paired_interval`` for whole columns, to each side at least ``least`` wide."""
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(samples > 0, total / samples, np.nan)
        mean_square = np.where(samples > 0, squares / samples, scale**2)
    changed = np.where(mean_square > 0, mean_square, scale**2)
    weight = np.maximum(1.0, mean_square) if scale == 1 else changed
    n = samples + 2
    variance = np.maximum((squares + weight) / n - (total / n) ** 2, 0.0)
    half = normal_quantile(0.5 + CONFIDENCE / 2) * np.sqrt(variance / n)
    half = np.maximum(half, least)
    has_edge = (squares <= samples) & (scale == 1)  # scores of another scale have none
    edge = np.where(has_edge, 1.0, np.inf)
    unknown = np.isnan(mean)
    low = np.where(unknown, -scale, np.maximum(mean - half, -edge))
    high = np.where(unknown, scale, np.minimum(mean + half, edge))
    return mean, low, high
