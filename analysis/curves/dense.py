"""The score that drops are counted from: the dense network's, after the same recovery. Torch-free.

A recovery can change the dense network's score too, as when batch norm is re-estimated. Drops are
counted from the changed score, so that they show the effect of pruning alone.
"""

from prunescope.curves.curve import Curves
from prunescope.study import Manifest
from prunescope.study.recoveries import MOVES_DENSE


def dense_score(manifest: Manifest, curves: Curves, recovery: str) -> float:
    """Return the dense score that drops with ``recovery`` are counted from, 0 to 1.

    A point's score and drop add up to it. Points count by their samples, once they are measured on
    the whole split; before there is any, and for recoveries that leave the dense network as it is,
    it is the baseline.

    Args:
        manifest: Of the study; without a baseline the score is 1.
        curves: Its curves.
        recovery: Of a plan or curve.
    """
    baseline = manifest.baseline.score if manifest.baseline else 1.0
    if recovery not in MOVES_DENSE:
        return baseline
    points = [
        point
        for key, curve in curves.items() if key.recovery == recovery
        for point in curve.points if point.samples and not point.split_half
    ]  # fmt: skip
    samples = sum(point.samples for point in points)
    total = sum(point.samples * (point.score + point.drop) for point in points)
    return total / samples if samples else baseline
