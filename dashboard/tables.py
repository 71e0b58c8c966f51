"""The tables that pages show, as DataFrames. No Streamlit."""

from collections.abc import Sequence

import pandas as pd

from analysis.curves import Curve, CurveKey, Curves, by_sensitivity
from analysis.errors import DamagedFile
from analysis.planning.plan import Choice, Plan
from analysis.planning.predict import predict
from analysis.statistics import paired_interval
from analysis.store.documents import from_json
from analysis.study import LayerSummary, Manifest, Method


def preflight(manifest: Manifest, points: pd.DataFrame) -> pd.DataFrame:
    """Return every layer, prunable or skipped, with its cost and how often it was measured."""
    counts = points["subject"].value_counts()
    total = max(manifest.parameters, 1)
    grouped = any(layer.group for layer in manifest.layers)
    rows = []
    for layer in manifest.layers:
        row: dict[str, object] = {
            "Layer": layer.name,
            "Kind": layer.kind,
            "Shape": shape(layer),
            "Weights": layer.parameters,
            "Share of weights": layer.parameters / total,
            "MACs": layer.macs,
            "Output, kB": layer.activation_bytes / 1000,
            "Points": int(counts.get(layer.name, 0)),
        }
        if grouped:
            row["Coupled in"] = layer.group or "–"
        row["Can be pruned"] = "yes" if layer.prunable else f"no: {layer.reason}"
        rows.append(row)
    return pd.DataFrame(rows)


def shape(layer: LayerSummary) -> str:
    """Return a weight's shape as people write it."""
    return " × ".join(map(str, layer.shape))


def layer_table(
    manifest: Manifest, curves: Curves, subjects: Sequence[str], limit: float
) -> pd.DataFrame:
    """Return one row per subject for reading and sorting.

    Args:
        manifest: Of the study.
        curves: All curves of the study.
        subjects: Which, in the order wanted.
        limit: Accepted drop of a layer alone, absolute.

    Returns:
        Indexed by place; ``Mean drop`` in points over the shared sparsities by the best method,
        ``Safe to`` the largest sparsity within ``limit`` by any method, in percent, ``By`` that
        method, ``Curve`` the drops of the best method.
    """
    layers = {layer.name: layer for layer in manifest.layers}
    mine: dict[str, list[Curve]] = {}
    for key, curve in curves.items():
        if curve.points:
            mine.setdefault(key.subject, []).append(curve)
    ranked = dict(by_sensitivity(curves.values()))
    rows = []
    for name in subjects:
        own = mine.get(name, [])
        best = max(own, key=lambda curve: curve.largest_within(limit), default=None)
        layer = layers.get(name)
        safe = best.largest_within(limit) if best else float("nan")
        rows.append(
            {
                "Layer": name,
                "Kind": layer.kind if layer else "group",
                "Weights": layer.parameters if layer else 0,
                "MACs": layer.macs if layer else 0,
                "Mean drop": 100 * ranked.get(name, float("nan")),
                "Safe to": 100 * safe,
                "By": str(best.key.method) if best and safe > 0 else "–",
                "Curve": [100 * point.drop for point in best.points] if best else [],
            }
        )
    return pd.DataFrame(rows)


def methods_of(manifest: Manifest) -> list[str]:
    """Return the names of the methods that this model can use."""
    return [method.name for method in manifest.methods if method.reason is None] or ["magnitude"]


def plan_table(
    manifest: Manifest,
    base: Plan,
    plan: Plan,
    curves: Curves,
    names: Sequence[str],
    default: Method,
) -> pd.DataFrame:
    """Return one row per subject to edit; editable columns from ``base``, the others from ``plan``.

    The editor keeps what was typed since ``base`` by itself, so its own columns must stay still
    while the derived ones follow.

    Args:
        manifest: Of the study.
        base: What the editor was filled from.
        plan: As it is now.
        curves: All curves of the study.
        names: Subjects in the order wanted.
        default: Method of subjects without a choice.
    """
    layers = {layer.name: layer for layer in manifest.layers}
    empty = Choice(default.criterion, 0.0, default.granularity)
    rows = []
    for name in names:
        before, now = base.choices.get(name, empty), plan.choices.get(name, empty)
        layer = layers.get(name)
        curve = curves.get(CurveKey(name, now.method, plan.recovery, plan.seed))
        measured = curve is not None and bool(curve.points)
        drop = curve.drop_at(now.sparsity) if curve is not None and measured else None
        rows.append(
            {
                "Lock": before.locked,
                "Layer": name,
                "Sparsity": round(100 * before.sparsity, 2),
                "Method": str(before.method),
                "Alone": 100 * drop.mean if drop else float("nan"),
                "±": 100 * drop.half_width if drop else float("nan"),
                "Curve": [0.0, *(100 * p.drop for p in curve.points)] if curve else [],
                "Kind": layer.kind if layer else "group",
                "Weights": layer.parameters if layer else 0,
                "MACs": 100 * layer.macs / max(manifest.macs, 1) if layer else 0.0,
            }
        )
    return pd.DataFrame(rows)


def verified_table(manifest: Manifest, verified: pd.DataFrame, curves: Curves) -> pd.DataFrame:
    """Return every measured plan with its drop and what is predicted for it now, in points."""
    rows = []
    for row in verified.to_dict("records"):
        samples = row["samples"]
        drop = paired_interval(samples, row["drop_sum"], row["drop_squares"])
        try:
            plan = from_json(Plan, row["plan"], "a verified plan")
            expected = predict(manifest, plan, curves, verified).drop
        except DamagedFile:
            plan, expected = None, None
        guess = float("nan") if expected is None else 100 * expected
        rows.append(
            {
                "Plan": plan.name if plan else row["digest"],
                "Split": row["split"],
                "Score": 100 * row["score_sum"] / max(samples, 1),
                "Drop": 100 * drop.mean,
                "±": 100 * drop.half_width,
                "Predicted": guess,
                "Off by": guess - 100 * drop.mean,
                "Removed": 100 * row["removed"] / max(manifest.parameters, 1),
                "Layers": len(plan.active()) if plan else 0,
                "Samples": samples,
            }
        )
    return pd.DataFrame(rows)
