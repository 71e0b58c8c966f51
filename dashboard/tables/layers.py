"""The table of layers or groups on the page *Curves*, as a DataFrame. No Streamlit."""

from collections.abc import Sequence

import pandas as pd

from prunescope.curves.curve import Curve, CurveKey, Curves, by_sensitivity
from prunescope.dashboard.tables.groups import kind, weighted
from prunescope.study import GroupSummary, LayerSummary, Manifest
from prunescope.study.coupled_groups import freed
from prunescope.text.numbers import unsigned_zero


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
        Indexed by place; ``Mean drop`` in points over the shared sparsities by the best method,
        ``Safe to`` the largest sparsity within ``limit`` by any method, in percent, ``By`` that
        method, ``Curve`` the drops of the best method. All of them without recovery, as the map
        below; a subject that was only measured with one says so in ``By``.
    """
    layers = {layer.name: layer for layer in manifest.layers}
    groups = {group.name: group for group in manifest.groups}
    mine = _compared(curves)
    ranked = dict(by_sensitivity(curve for own in mine.values() for curve in own))
    rows = []
    for name in subjects:
        own = mine.get(name, [])
        best = max(own, key=lambda curve: curve.largest_within(limit), default=None)
        safe = best.largest_within(limit) if best else float("nan")
        rows.append(
            {
                "Layer": name,
                **(
                    _grouped(manifest, groups[name]) if grouped and name in groups
                    else _layered(layers.get(name))
                ),
                "Mean drop": unsigned_zero(100 * ranked.get(name, float("nan"))),
                "Safe to": 100 * safe,
                "By": _by(best.key) if best and safe > 0 else "–",
                "Curve": drops(best),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def _compared(curves: Curves) -> dict[str, list[Curve]]:
    """Subject → its curves without recovery; where there are none, those with."""
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


def drops(curve: Curve | None) -> list[float]:
    """Return the drops of a curve in points, the dense network's first; empty without a curve.

    A cell draws between its least and largest value. With 0 among them drops look no larger than
    they are, and a curve without any, or below it, has a range to be drawn in too.
    """
    return [0.0, *(100 * point.drop for point in curve.points)] if curve else []


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
