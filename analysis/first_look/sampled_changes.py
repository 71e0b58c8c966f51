"""How far units that leave move the outputs: their suffixes on the first few samples.

A unit that leaves moves the outputs far past where a gradient says anything, but a divergence is
known well from a few dozen samples, and behind a group there is only a part of the network.
"""

import math
import time
from collections.abc import Sequence
from typing import Final

from prunescope.bench.evaluate import compare
from prunescope.bench.workbench import Workbench
from prunescope.errors import CannotPrune
from prunescope.progress import Progress
from prunescope.replay.engine import Engine
from prunescope.study.point import Point
from prunescope.sweep.work_behind import suffix_macs

MOST: Final = 64
LEAST: Final = 16
"""Samples of each point."""
PASSES: Final = 12.0
"""Of the dense network over the validation split, that all of them take at most."""
_TINY: Final = 1e-7


def sample_count(bench: Workbench, points: Sequence[Point]) -> int:
    """Return on how many samples ``points`` are looked at."""
    total, behind = len(bench.splits.validation), suffix_macs(bench.manifest)
    shares = sum(behind(point.subject) for point in points) / max(bench.manifest.macs, 1)
    affordable = int(PASSES * total / max(shares, 1e-9))
    return min(max(min(affordable, MOST), LEAST), total)


def sampled_divergences(
    bench: Workbench,
    engine: Engine,
    points: Sequence[Point],
    progress: Progress,
    deadline: float | None = None,
) -> dict[Point, float]:
    """Return the logarithm of each point's mean divergence on the first ``sample_count`` samples.

    Args:
        bench: Its network is dense and gives each sample one class.
        engine: Evaluates.
        points: Without recovery.
        progress: Asked between two points whether to go on.
        deadline: When to stop, on ``time.monotonic``'s clock.

    Returns:
        Of all points that can be pruned; of fewer where it was stopped.
    """
    count = sample_count(bench, points)
    dense = engine.dense("none", 0, count)
    divergences: dict[Point, float] = {}
    for point, outcome in engine.outcomes(0, count, points):
        if not isinstance(outcome, CannotPrune):
            mean = compare(dense, outcome, None, 0).divergence_sum / count
            divergences[point] = math.log(max(mean, _TINY)) if mean < math.inf else 0.0
        if progress.cancelled() or (deadline is not None and time.monotonic() > deadline):
            break
    return divergences
