"""The classes of a study, and what a measured plan does to them, as DataFrames. No Streamlit."""

from collections.abc import Sequence

import pandas as pd

from prunescope.study import Manifest
from prunescope.text.numbers import exact

BALANCE = ("Class", "Samples", "Share", "Dense")
COLUMNS = ("Class", "Samples", "Dense", "Pruned", "Change")


def class_table(manifest: Manifest, correct: Sequence[int]) -> pd.DataFrame:
    """Return one row per class, those that lost most first; empty without class labels.

    Args:
        manifest: Of the study; its baseline counts the dense network's right answers.
        correct: Samples of every class that the pruned network classifies rightly.

    Returns:
        ``Dense`` and ``Pruned`` are shares of the class's validation samples that are recognised,
        in percent, ``Change`` is their difference in points, negative for a loss.
    """
    baseline = manifest.baseline
    if baseline is None or len(correct) != len(baseline.class_samples):
        return pd.DataFrame(columns=list(COLUMNS))
    rows = [
        {
            "Class": manifest.classes[label] if label < len(manifest.classes) else str(label),
            "Samples": samples,
            "Dense": 100 * dense / samples,
            "Pruned": 100 * pruned / samples,
            "Change": 100 * (pruned - dense) / samples,
        }
        for label, (samples, dense, pruned) in enumerate(
            zip(baseline.class_samples, baseline.class_correct, correct, strict=True)
        )
        if samples
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS)).sort_values(
        "Change", kind="stable", ignore_index=True
    )


def balance_table(manifest: Manifest) -> pd.DataFrame:
    """Return one row per class of the validation split, in their order; empty without labels.

    Returns:
        ``Share`` is the class's part of the samples and ``Dense`` the part of its samples that the
        dense network recognises, both in percent; NaN for a class without samples.
    """
    baseline = manifest.baseline
    counts = () if baseline is None else baseline.class_samples
    if baseline is None or not counts:
        return pd.DataFrame(columns=list(BALANCE))
    rows = [
        {
            "Class": manifest.classes[label] if label < len(manifest.classes) else str(label),
            "Samples": samples,
            "Share": 100 * samples / sum(counts),
            "Dense": 100 * right / samples if samples else float("nan"),
        }
        for label, (samples, right) in enumerate(zip(counts, baseline.class_correct, strict=True))
    ]
    return pd.DataFrame(rows, columns=list(BALANCE))


def balance_sentence(manifest: Manifest) -> str:
    """Return how many classes there are and how even they are; empty without labels."""
    counts = () if manifest.baseline is None else manifest.baseline.class_samples
    if not counts:
        return ""
    least, most = min(counts), max(counts)
    named = f"{exact(len(counts))} classes"
    if least == most:
        return f"{named} of {exact(most)} validation samples each."
    return f"{named} of {exact(least)} to {exact(most)} validation samples."
