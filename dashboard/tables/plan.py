"""The tables that pages show, as DataFrames. No Streamlit."""

from collections.abc import Sequence

import pandas as pd

from prunescope.curves.curve import CurveKey, Curves
from prunescope.dashboard.tables.groups import kind
from prunescope.dashboard.tables.layers import drops
from prunescope.errors import DamagedFile, UnknownName
from prunescope.planning.edits import choice_of
from prunescope.planning.prediction import LogitOperators, Record
from prunescope.planning.prediction.predict import predict
from prunescope.statistics.paired import paired_interval
from prunescope.store.json_documents import from_json
from prunescope.study import LayerSummary, Manifest, Method
from prunescope.study.method import BLOCK, UNITS
from prunescope.study.network_size import frees
from prunescope.study.plan import Choice, Plan
from prunescope.study.removed_counts import real_sparsity, units_removed
from prunescope.text.lists import first_few
from prunescope.text.numbers import unsigned_zero
from prunescope.text.scores import words_of


def preflight(manifest: Manifest, points: pd.DataFrame) -> pd.DataFrame:
    """Return every layer, prunable or skipped, with its cost and how often it was measured."""
    own = points[~points["granularity"].isin(UNITS)]  # a group may have a layer's name
    counts = own["subject"].value_counts()
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


def skipped_lines(manifest: Manifest, most: int = 4) -> list[str]:
    """Return why layers are skipped, a line for each reason: in a narrow table it may be cut."""
    names: dict[str, list[str]] = {}
    for layer in manifest.layers:
        if not layer.prunable:
            names.setdefault(str(layer.reason), []).append(layer.name)
    lines = [f"{first_few(own)}: not prunable: {reason}." for reason, own in names.items()]
    return lines[:most]


def shape(layer: LayerSummary) -> str:
    """Return a weight's shape as people write it."""
    return " × ".join(map(str, layer.shape))


def granularities(manifest: Manifest) -> list[str]:
    """Return at what the model can be pruned: ``weight``, then the kinds of units it has."""
    return ["weight", *dict.fromkeys(group.granularity for group in manifest.leaving())]


def family(granularity: str) -> str:
    """Return what leaves at ``granularity``: patterns zero weights too."""
    return granularity if granularity in UNITS else "weight"


def names_of(manifest: Manifest, granularity: str) -> tuple[str, ...]:
    """Return the layers (``weight``), groups or blocks that a plan can choose at a granularity."""
    if granularity == "weight":
        return tuple(layer.name for layer in manifest.prunable())
    return tuple(group.name for group in manifest.removable(granularity))


def methods_of(manifest: Manifest, granularity: str = "weight") -> list[str]:
    """Return the names of the methods that this model can use; patterns belong to ``weight``."""
    usable = [Method.parse(method.name) for method in manifest.methods if method.reason is None]
    found = [
        str(method)
        for method in usable
        if method.granularity == granularity
        or (granularity == "weight" and ":" in method.granularity)
    ]
    return found or [str(Method("magnitude", granularity))]


def plan_table(
    manifest: Manifest,
    base: Plan,
    plan: Plan,
    curves: Curves,
    names: Sequence[str],
    default: Method,
    chosen: str | None = None,
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
        chosen: The subject that the page is about, pointed at in ``Here``.
    """
    rows, words = [], words_of(manifest)
    for name in names:
        before, now = choice_of(base, name, default), choice_of(plan, name, default)
        curve = curves.get(CurveKey(name, now.method, plan.recovery, plan.seed))
        measured = curve is not None and bool(curve.points)
        block = now.granularity == BLOCK  # it can only leave whole, so that is what is shown
        real = 1.0 if block else real_sparsity(manifest, name, now)
        drop = curve.drop_at(real) if curve is not None and measured else None
        rows.append(
            {
                "Here": "▶" if name == chosen else "",
                "Lock": before.locked,
                "Layer": name,
                "Sparsity": round(100 * before.sparsity, 2),
                "Method": str(before.method),
                "Alone": unsigned_zero(words.shown_drop(drop.mean)) if drop else float("nan"),
                "±": words.shown_half(drop.mean, drop.half_width) if drop else float("nan"),
                "Curve": drops(curve, words),
                **_size(manifest, name, now),
            }
        )
    return pd.DataFrame(rows)


def _size(manifest: Manifest, name: str, choice: Choice) -> dict[str, object]:
    if choice.granularity in UNITS:
        group = manifest.group(name)
        block = group.granularity == BLOCK
        removed = units_removed(group, choice.sparsity)
        parameters, macs = frees(manifest, name, 1 if block else removed)
        return {
            "Kind": kind(manifest, group),
            "Units": ("none" if removed else "whole")
            if block
            else f"{group.units - removed} of {group.units}",
            "Weights": parameters,
            "MACs": 100 * macs / max(manifest.macs, 1),
        }
    layer = manifest.layer(name)
    return {
        "Kind": layer.kind,
        "Weights": layer.parameters,
        "MACs": 100 * layer.macs / max(manifest.macs, 1),
    }


def verified_table(
    manifest: Manifest,
    verified: pd.DataFrame,
    curves: Curves,
    record: Record | None = None,
    cells: LogitOperators | None = None,
) -> pd.DataFrame:
    """Return every measured plan with its drop and what the others predict for it, as shown."""
    rows, words = [], words_of(manifest)
    record = Record.of(manifest, curves, verified, cells) if record is None else record
    for row in verified.to_dict("records"):
        samples = row["samples"]
        drop = paired_interval(samples, row["drop_sum"], row["drop_squares"], scale=manifest.scale)
        try:
            plan = from_json(Plan, row["plan"], "a verified plan")
            expected = predict(manifest, plan, curves, record, cells).drop
        except (DamagedFile, UnknownName):  # another version's, or another capture's
            plan, expected = None, None
        guess = float("nan") if expected is None else words.shown_drop(expected)
        real = words.shown_drop(drop.mean)
        rows.append(
            {
                "Plan": plan.name if plan else row["digest"],
                "Split": row["split"],
                "Score": words.shown(row["score_sum"] / max(samples, 1)),
                "Drop": unsigned_zero(real),
                "±": words.shown_half(drop.mean, drop.half_width),
                "Predicted": unsigned_zero(guess),
                "Off by": unsigned_zero(guess - real),
                "Removed": 100 * row["removed"] / max(manifest.parameters, 1),
                "Layers": len(plan.active()) if plan else 0,
                "Samples": samples,
            }
        )
    return pd.DataFrame(rows)
