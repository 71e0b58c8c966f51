"""What the trade-off chart shows: the front, plans that were measured, plans that were saved."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from analysis.curves import Curves
from analysis.errors import DamagedFile
from analysis.planning.pareto import Front, front_table
from analysis.planning.plan import Plan
from analysis.planning.predict import Prediction
from analysis.planning.preview import preview
from analysis.statistics import paired_interval
from analysis.store.documents import from_json
from analysis.study import Manifest

COLUMNS: Final = ("name", "digest", "share", "score", "low", "high", "kind")
_MOST: Final = 150
_PREVIEWED: Final = {
    "parameters": "kept", "stored": "stored", "bytes": "dense_bytes",
    "sparse-bytes": "sparse_bytes", "compressed-bytes": "compressed_bytes", "macs": "macs",
    "nonzero-macs": "nonzero_macs",
}  # fmt: skip

Share = Callable[[Plan], float]
Predicted = Callable[[Plan], Prediction]


@dataclass(frozen=True)
class Shown:
    """Points of the chart and the plans behind them.

    Attributes:
        points: ``COLUMNS``: cost and score as fractions; ``kind`` is ``front``, ``measured``,
            ``saved``, ``draft`` (predicted) or ``now`` (the draft, measured).
        plans: Digest → plan.
    """

    points: pd.DataFrame
    plans: dict[str, Plan]


def share_of(manifest: Manifest, known: Curves, kind: str, latency: Share | None = None) -> Share:
    """Return the function from a plan to its cost as a fraction of the dense network's.

    Args:
        manifest: Of the study.
        known: Its curves.
        kind: A cost.
        latency: What to ask for the kinds that only a table knows; without it they are NaN.
    """
    name = _PREVIEWED.get(kind)
    if name is None:
        return latency or (lambda _: float("nan"))
    empty = Plan("", manifest.fingerprint)
    dense = float(getattr(preview(manifest, empty, known), name)) or 1.0
    return lambda plan: getattr(preview(manifest, plan, known), name) / dense


def shown(
    manifest: Manifest,
    found: Front | None,
    verified: pd.DataFrame,
    saved: Iterable[Plan],
    share: Share,
    predicted: Predicted,
) -> Shown:
    """Return what the trade-off chart draws beside the draft.

    Plans that were measured stand where they were measured, all others where they are predicted.
    """
    base = _base(manifest)
    plans: dict[str, Plan] = {}
    rows: list[dict[str, object]] = []
    own = verified[(verified["split"] == "validation") & (verified["samples"] > 0)]
    measured = set()
    for row in own.tail(_MOST).to_dict("records"):
        try:
            plan = from_json(Plan, row["plan"], "a verified plan")
        except DamagedFile:  # written by another version
            continue
        measured.add(row["digest"])
        plans[row["digest"]] = plan
        rows.append(_measured(plan, row, share, base, "measured"))
    for plan in list(saved)[:_MOST]:
        plans[plan.digest] = plan
        if plan.digest not in measured:
            rows.append(_predicted(plan, share, predicted, base, "saved"))
    if found is not None:
        plans |= {point.plan.digest: point.plan for point in found.points}
        rows += [
            {"name": each["plan"], "digest": each["digest"],
             "share": _finite(share(plans[each["digest"]]), each["share"]),
             "score": base - each["drop"], "low": base - each["high"],
             "high": base - each["low"], "kind": "front"}
            for each in front_table(found, verified).to_dict("records")
        ]  # fmt: skip
    return Shown(pd.DataFrame(rows, columns=list(COLUMNS)), plans)


def with_draft(
    found: Shown,
    manifest: Manifest,
    draft: Plan,
    row: "pd.Series[float] | None",
    share: Share,
    guess: Prediction,
) -> pd.DataFrame:
    """Return the points with the draft's own: measured by ``row`` where it is, else predicted."""
    base = _base(manifest)
    if row is not None:
        own = _measured(draft, row, share, base, "now")
    else:
        own = _predicted(draft, share, lambda _: guess, base, "draft")
    points = [*found.points.to_dict("records"), own]
    return pd.DataFrame(points, columns=list(COLUMNS))


def _finite(share: float, stored: float) -> float:
    """What a front's plan costs now: another latency table may be in use since it was swept."""
    return share if math.isfinite(share) else stored


def _base(manifest: Manifest) -> float:
    return manifest.baseline.score if manifest.baseline else 1.0


def _measured(
    plan: Plan, row: "Mapping[Any, Any] | pd.Series[float]", share: Share, base: float, kind: str
) -> dict[str, object]:
    drop = paired_interval(int(row["samples"]), float(row["drop_sum"]), float(row["drop_squares"]))
    return _row(plan, share(plan), base - drop.mean, base - drop.high, base - drop.low, kind)


def _predicted(
    plan: Plan, share: Share, predicted: Predicted, base: float, kind: str
) -> dict[str, object]:
    guess = predicted(plan)
    nan = float("nan")
    if guess.drop is None or guess.interval is None:
        return _row(plan, share(plan), nan, nan, nan, kind)
    low, high = base - guess.interval.high, base - guess.interval.low
    return _row(plan, share(plan), base - guess.drop, low, high, kind)


def _row(
    plan: Plan, share: float, score: float, low: float, high: float, kind: str
) -> dict[str, object]:
    return {"name": plan.name, "digest": plan.digest, "share": share, "score": score, "low": low,
            "high": high, "kind": kind}  # fmt: skip
