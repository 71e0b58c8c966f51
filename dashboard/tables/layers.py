"""The table of layers or groups on the page *Curves*, as a DataFrame. No Streamlit."""

import math
from collections.abc import Sequence

import pandas as pd

from prunescope.curves.curve import Curve, CurveKey, Curves, by_sensitivity
from prunescope.curves.safe import safest
from prunescope.dashboard.tables.groups import kind, weighted
from prunescope.study import GroupSummary, LayerSummary, Manifest
from prunescope.study.coupled_groups import freed
from prunescope.text.numbers import unsigned_zero
from prunescope.text.scores import ScoreWords, words_of

_LEAST_RANGE = 0.01
"""What a small curve's height stands for at least: a point, or so much of the dense score."""


def layer_table(
    manifest: Manifest,
    curves: Curves,
    subjects: Sequence[str],
    limit: float,
    grouped: bool = False,
) -> pd.DataFrame:
    """Return one row per subject for reading and sorting.

    Args:
        manifest: Of the study.
        curves: All curves of the study.
        subjects: Which, in the order wanted.
        limit: Accepted drop of a layer alone, absolute.
        grouped: Whether the subjects are groups: then ``Kind`` counts the units and the coupled
            layers, and ``Weights`` and ``MACs`` are what half of the units free.

    Returns:
        Indexed by place; ``Mean drop`` as shown, over the shared sparsities by the best method,
        ``Safe to`` the largest sparsity of any method up to which the whole interval is within
        ``limit`` (``curves.safe``), in percent, 0 where there is none, ``By`` that method,
        ``Samples`` what it rests on, ``Curve`` the drops of that method. All of them without
        recovery, as the map below; a subject that was only measured with one says so in ``By``.
    """
    layers = {layer.name: layer for layer in manifest.layers}
    groups = {group.name: group for group in manifest.groups}
    mine = without_recovery(curves)
    ranked = dict(by_sensitivity(curve for own in mine.values() for curve in own))
    rows, words = [], words_of(manifest)
    for name in subjects:
        own = mine.get(name, [])
        safe = safest(own, limit, manifest)
        by = safe.key if safe else None
        drawn = next((curve for curve in own if curve.key == by), own[0] if own else None)
        rows.append(
            {
                "Layer": name,
                **(
                    _grouped(manifest, groups[name]) if grouped and name in groups
                    else _layered(layers.get(name))
                ),
                "Mean drop": unsigned_zero(words.shown_drop(ranked.get(name, float("nan")))),
                "Safe to": 100 * safe.point.sparsity if safe else 0.0 if own else math.nan,
                "By": _by(by) if by else "–",
                "Samples": safe.point.samples if safe else None,
                "Curve": drops(drawn, words),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def without_recovery(curves: Curves) -> dict[str, list[Curve]]:
    """Return subject → its curves without recovery; where there are none, those with."""
    found: dict[str, list[Curve]] = {}
    for key, curve in curves.items():
        if curve.points:
            found.setdefault(key.subject, []).append(curve)
    return {
        name: [curve for curve in own if curve.key.recovery == "none"] or own
        for name, own in found.items()
    }


def _by(key: CurveKey) -> str:
    """Method, and the recovery after it, as in the legends of charts."""
    return str(key.method) + ("" if key.recovery == "none" else f" + {key.recovery}")


def drops(curve: Curve | None, words: ScoreWords) -> list[float]:
    """Return the drops of a curve as shown, the dense network's first; empty without a curve.

    With 0 among them drops look no larger than they are.
    """
    return [0.0, *(words.shown_drop(point.drop) for point in curve.points)] if curve else []


def measured_range(curves: Curves, words: ScoreWords) -> tuple[float, float]:
    """Return the range in which a column draws all of its curves, as shown, 0 in it.

    From the least to the largest drop of any curve, so that a flat line is a layer that does not
    mind, whichever layers and methods are in sight.
    """
    values = [0.0, *(value for curve in curves.values() for value in drops(curve, words))]
    finite = [value for value in values if math.isfinite(value)]
    return min(finite), max(*finite, words.shown_drop(words.usual(_LEAST_RANGE)))


def _layered(layer: LayerSummary | None) -> dict[str, object]:
    if layer is None:
        return {"Kind": "", "Weights": 0, "MACs": 0}
    return {"Kind": layer.kind, "Weights": layer.parameters, "MACs": layer.macs}


def _grouped(manifest: Manifest, group: GroupSummary) -> dict[str, object]:
    found = freed(manifest, {group.name: group.units // 2})
    return {
        "Kind": kind(manifest, group),
        "Units": group.units,
        "Layers": len(weighted(manifest, group)),
        "Weights": found.parameters,
        "MACs": found.macs,
    }
