"""What the trade-off chart shows: the front, plans that were measured, plans that were saved."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from prunescope.curves.curve import Curves
from prunescope.curves.dense import dense_score
from prunescope.errors import PrunescopeError
from prunescope.planning.pareto import Front, front_table
from prunescope.planning.prediction.predict import Prediction
from prunescope.planning.preview import preview
from prunescope.statistics.paired import paired_interval
from prunescope.store.json_documents import from_json
from prunescope.study import Manifest
from prunescope.study.plan import Plan

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
        points: ``COLUMNS``: cost as a fraction, score as stored; ``kind`` is ``front``,
            ``measured``, ``saved``, ``draft`` (predicted) or ``now`` (the draft, measured).
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
    known: Curves,
    found: Front | None,
    verified: pd.DataFrame,
    saved: Iterable[Plan],
    share: Share,
    predicted: Predicted,
) -> Shown:
    """Return what the trade-off chart draws beside the draft.

    Plans that were measured stand where they were measured, all others where they are predicted:
    a drop below the dense score that it is counted from.
    """
    plans: dict[str, Plan] = {}
    rows: list[dict[str, object]] = []
    own = verified[(verified["split"] == "validation") & (verified["samples"] > 0)]
    measured = set()
    for row in own.tail(_MOST).to_dict("records"):
        try:
            plan = from_json(Plan, row["plan"], "a verified plan")
            plan.require(manifest)
        except PrunescopeError:  # written by another version, or of another capture
            continue
        measured.add(row["digest"])
        plans[row["digest"]] = plan
        rows.append(_measured(plan, row, share, "measured", manifest.scale))
    for plan in list(saved)[:_MOST]:
        plans[plan.digest] = plan
        if plan.digest not in measured:
            dense = dense_score(manifest, known, plan.recovery)
            rows.append(_predicted(plan, share, predicted, dense, "saved"))
    if found is not None:
        dense = dense_score(manifest, known, found.recovery)
        plans |= {point.plan.digest: point.plan for point in found.points}
        rows += [
            {"name": each["plan"], "digest": each["digest"],
             "share": _finite(share(plans[each["digest"]]), each["share"]),
             "score": dense - each["drop"], "low": dense - each["high"],
             "high": dense - each["low"], "kind": "front"}
            for each in front_table(found, verified).to_dict("records")
        ]  # fmt: skip
    return Shown(pd.DataFrame(rows, columns=list(COLUMNS)), plans)


def with_draft(
    found: Shown,
    dense: float,
    draft: Plan,
    row: "pd.Series[float] | None",
    share: Share,
    guess: Prediction,
    scale: float = 1.0,
) -> pd.DataFrame:
    """Return the points with the draft's own: measured by ``row`` where it is, else predicted.

    Args:
        found: What is drawn beside it.
        dense: Score that the draft's drop is counted from, as stored.
        draft: The plan.
        row: Its verification.
        share: What a plan costs.
        guess: What is expected of it.
        scale: How far one sample's score may change, as in manifests.
    """
    if row is not None:
        own = _measured(draft, row, share, "now", scale)
    else:
        own = _predicted(draft, share, lambda _: guess, dense, "draft")
    points = [*found.points.to_dict("records"), own]
    return pd.DataFrame(points, columns=list(COLUMNS))


def _finite(share: float, stored: float) -> float:
    """What a front's plan costs now: another latency table may be in use since it was swept."""
    return share if math.isfinite(share) else stored


def _measured(
    plan: Plan, row: "Mapping[Any, Any] | pd.Series[float]", share: Share, kind: str, scale: float
) -> dict[str, object]:
    samples = int(row["samples"])
    drop = paired_interval(samples, float(row["drop_sum"]), float(row["drop_squares"]), scale=scale)
    score = float(row["score_sum"]) / max(samples, 1)
    low, high = score - (drop.high - drop.mean), score + (drop.mean - drop.low)
    return _row(plan, share(plan), score, low, high, kind)


def _predicted(
    plan: Plan, share: Share, predicted: Predicted, dense: float, kind: str
) -> dict[str, object]:
    guess = predicted(plan)
    nan = float("nan")
    if guess.drop is None:
        return _row(plan, share(plan), nan, nan, nan, kind)
    if guess.interval is None:
        return _row(plan, share(plan), dense - guess.drop, nan, nan, kind)
    low, high = dense - guess.interval.high, dense - guess.interval.low
    return _row(plan, share(plan), dense - guess.drop, low, high, kind)


def _row(
    plan: Plan, share: float, score: float, low: float, high: float, kind: str
) -> dict[str, object]:
    return {"name": plan.name, "digest": plan.digest, "share": share, "score": score, "low": low,
            "high": high, "kind": kind}  # fmt: skip
