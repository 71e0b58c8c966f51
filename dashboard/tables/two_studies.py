"""Two studies side by side, as DataFrames. No Streamlit."""

import pandas as pd

from prunescope.curves.curve import Curve, Curves, subjects
from prunescope.statistics.proportion import score_interval
from prunescope.study import Manifest
from prunescope.text import units
from prunescope.text.scores import words_of


def dense_table(manifests: dict[str, Manifest]) -> pd.DataFrame:
    """Return one row per study: model, data, dense score with its interval, and sizes."""
    return pd.DataFrame([_dense(name, manifest) for name, manifest in manifests.items()])


def layers_of_both(one: Manifest, curves: Curves, others: Curves) -> pd.DataFrame:
    """Return the mean drop of every layer or group that both studies measured, and how they differ.

    Of the method with the least area in each, without recovery, over the sparsities up to where
    both were measured; as people read drops.

    Returns:
        ``Layer``, ``Here``, ``There``, ``Difference``; the largest difference first.
    """
    words = words_of(one)
    rows = []
    for name in subjects(one):
        own, their = _usual(curves, name), _usual(others, name)
        if not own or not their:
            continue
        end = min(curve.reach for curve in (*own, *their))
        here, there = (min(curve.area(end) for curve in side) for side in (own, their))
        shown, read = words.shown_drop(here), words.shown_drop(there)
        rows.append({"Layer": name, "Here": shown, "There": read, "Difference": read - shown})
    table = pd.DataFrame(rows, columns=["Layer", "Here", "There", "Difference"])
    order = table["Difference"].abs().sort_values(ascending=False, kind="stable").index
    return table.loc[order].reset_index(drop=True)


def _usual(curves: Curves, subject: str) -> list[Curve]:
    return [c for key, c in curves.items() if key.subject == subject and key.recovery == "none"]


def _dense(name: str, manifest: Manifest) -> dict[str, str]:
    words, baseline = words_of(manifest), manifest.baseline
    row = {"Study": name, "Model": manifest.reference.model, "Data": manifest.reference.data}
    interval = score_interval(baseline.score, baseline.samples, words.metric) if baseline else None
    row["Dense"] = words.score(baseline.score) if baseline else "–"
    row["95 %"] = words.scores_between(interval.low, interval.high) if interval else "–"
    row["Parameters"] = units.count(manifest.parameters)
    row["MACs"] = units.count(manifest.macs) if manifest.macs else "–"
    return row
