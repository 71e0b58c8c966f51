"""Which rows of a table belong to a study: of its fingerprint, by this engine's measurements."""

import functools
from collections.abc import Hashable
from typing import Final

import pandas as pd

from prunescope.errors import DamagedFile
from prunescope.store.json_documents import from_json
from prunescope.study import MEASUREMENT_VERSION, Manifest, measurement_version
from prunescope.study.plan import Plan

_IDENTITY: Final = (
    "subject", "criterion", "granularity", "sparsity", "recovery", "seed", "digest", "split",
)  # fmt: skip


def own_rows(frame: pd.DataFrame, manifest: Manifest) -> pd.DataFrame:
    """Return the rows of ``frame`` that were measured for ``manifest`` and may be shown for it."""
    own = (frame["fingerprint"] == manifest.fingerprint) & (frame["version"] == _versions(frame))
    return frame[own].reset_index(drop=True)


def superseded_rows(frame: pd.DataFrame, manifest: Manifest) -> pd.DataFrame:
    """Return the rows of ``manifest`` that an earlier engine measured and this one has not yet.

    Args:
        frame: A table whose rows are made under a recovery: measurements or verifications.
        manifest: Of the study.
    """
    versions = _versions(frame)
    of_study = frame["fingerprint"] == manifest.fingerprint
    own, earlier = (
        of_study & (frame["version"] == versions),
        of_study & (frame["version"] < versions),
    )
    again = set(map(_identity, frame[own].to_dict("records")))
    missing = [_identity(row) not in again for row in frame[earlier].to_dict("records")]
    # Without ``loc``, the empty list of a table without earlier rows would choose no columns.
    return frame[earlier].loc[missing].reset_index(drop=True)


def recoveries_of(frame: pd.DataFrame) -> list[str]:
    """Return the recovery of each row of a table of measurements, screenings or verifications."""
    if "recovery" in frame:
        return [str(recovery) for recovery in frame["recovery"]]
    return [_recovery(str(plan)) for plan in frame["plan"]]


def _versions(frame: pd.DataFrame) -> "pd.Series[int]":
    """The version that each row must have."""
    if "recovery" in frame or "plan" in frame:
        versions = [measurement_version(recovery) for recovery in recoveries_of(frame)]
    else:
        versions = [MEASUREMENT_VERSION] * len(frame)
    return pd.Series(versions, frame.index, "int64")


@functools.lru_cache(maxsize=4096)
def _recovery(plan: str) -> str:
    try:
        return from_json(Plan, plan, "a verified plan").recovery
    except DamagedFile:  # of another version; left out where the plan itself is read
        return "none"


def _identity(row: dict[Hashable, object]) -> tuple[object, ...]:
    """What was measured, whichever version of the engine did."""
    return tuple(row.get(name) for name in _IDENTITY)
