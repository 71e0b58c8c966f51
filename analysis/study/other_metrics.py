"""A study drawn by another of the metrics that it stores.

Every row holds three sums of each: of scores, of drops and of their squares. To draw another one is
to put its sums and its facts in the place of the first's. Torch-free.
"""

from dataclasses import replace

import pandas as pd

from prunescope.errors import UnknownName
from prunescope.study.manifest import Manifest
from prunescope.study.other_metric import SUMS


def metric_names(manifest: Manifest) -> tuple[str, ...]:
    """Return the metrics that a study stores, the drawn one first."""
    return (manifest.reference.metric, *(other.name for other in manifest.other_metrics))


def place_of(manifest: Manifest, name: str) -> int | None:
    """Return the place of a metric among the others; None for the drawn one.

    Raises:
        UnknownName: The study does not store it.
    """
    names = metric_names(manifest)
    shown = [manifest.metric.name, *(other.summary.name for other in manifest.other_metrics)]
    for known in (names, tuple(shown)):
        if name in known:
            return known.index(name) - 1 if known.index(name) else None
    raise UnknownName.among("metric of this study", name, names)


def drawn_manifest(manifest: Manifest, place: int) -> Manifest:
    """Return the facts of the study with the other metric at ``place`` as the drawn one."""
    other = manifest.other_metrics[place]
    baseline = manifest.baseline
    return replace(
        manifest,
        reference=replace(manifest.reference, metric=other.name, also=()),
        metric=other.summary,
        baseline=baseline and replace(baseline, score=other.dense, scale=other.scale),
        other_metrics=(),
    )


def drawn_rows(frame: pd.DataFrame, place: int) -> pd.DataFrame:
    """Return measurements or verifications with the sums of the other metric at ``place``.

    Rows that were measured without it are left out. What was predicted was the drawn metric.
    """
    start = place * len(SUMS)
    holds = frame["others"].map(lambda sums: sums is not None and len(sums) > start)
    drawn = frame[holds.astype(bool)].reset_index(drop=True)
    for offset, column in enumerate(SUMS):
        values = [float(sums[start + offset]) for sums in drawn["others"]]
        drawn[column] = pd.Series(values, drawn.index, "float64")
    if "predicted_drop" in drawn:
        drawn["predicted_drop"], drawn["predictor"] = float("nan"), ""
    return drawn
