"""Quantiles of every layer's scores, so that one threshold over all layers needs no weights."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prunescope.arrays import Floats
from prunescope.store.parquet_table import Table
from prunescope.store.rows_of_study import own_rows
from prunescope.study import Manifest

SCORES: Final = ("magnitude", "lamp")
STEPS: Final = 512
"""Number of equal steps of the share below a score; scores are stored at each and at both ends."""

_KEY: Final = ("fingerprint", "version", "subject", "granularity", "score", "step")
Levels = dict[str, Floats]


@dataclass(frozen=True)
class QuantileRow:
    """The score below which a share of one subject's weights or units lies.

    Attributes:
        fingerprint: Of the study.
        version: The engine's measurement version.
        subject: Layer or group.
        granularity: ``weight``, or what the group's units are.
        score: ``magnitude`` (of a weight, or L1 norm of a unit's weights) or ``lamp``.
        step: ``share * STEPS``.
        value: The score.
    """

    fingerprint: str
    version: int
    subject: str
    granularity: str
    score: str
    step: int
    value: float


def quantiles(folder: Path) -> Table:
    """Return the table in the study folder ``folder``."""
    return Table(folder / "quantiles", QuantileRow, _KEY)


def levels(folder: Path, manifest: Manifest, score: str, grouped: bool) -> Levels:
    """Return per subject its score at every step, ``(STEPS + 1,)``; empty when none is stored."""
    frame = own_rows(quantiles(folder).read(), manifest)
    own = frame[(frame["score"] == score) & ((frame["granularity"] != "weight") == grouped)]
    return {
        str(name): rows.sort_values("step")["value"].to_numpy(float)
        for name, rows in own.groupby("subject", sort=False)
        if len(rows) == STEPS + 1
    }


def every_level(folder: Path, manifest: Manifest, grouped: bool) -> dict[str, Levels]:
    """Return ``levels`` by score, of those that are stored."""
    by_score = {score: levels(folder, manifest, score, grouped) for score in SCORES}
    return {score: own for score, own in by_score.items() if own}
