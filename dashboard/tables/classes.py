"""What a measured plan does to every class, as a DataFrame. No Streamlit."""

from collections.abc import Sequence

import pandas as pd

from prunescope.study import Manifest

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
