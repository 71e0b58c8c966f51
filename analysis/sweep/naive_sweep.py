"""The plain loop in one go: for every point, prune one layer and evaluate every sample.

The reference that the sweep, whatever its engine and its chunks, has to equal.
"""

from collections.abc import Iterable, Iterator

from prunescope.bench.workbench import Workbench
from prunescope.errors import CannotPrune
from prunescope.replay.engine import ordered_targets
from prunescope.replay.naive import NaiveEngine
from prunescope.store.measurements import Measurement
from prunescope.study.point import Point
from prunescope.sweep.row import measurement


def measure(
    bench: Workbench, todo: Iterable[Point]
) -> Iterator[tuple[Point, Measurement | CannotPrune]]:
    """Yield the measurement of each point; the network's weights are back after each.

    A point that cannot be pruned (a criterion without evidence in this group, units whose removal
    would leave a layer empty) yields the reason instead.
    """
    engine = NaiveEngine(bench)
    count = len(bench.splits.validation)
    targets = ordered_targets(bench)
    for requested_point in todo:
        for point, outcome in engine.outcomes(0, count, [requested_point]):
            if isinstance(outcome, CannotPrune):
                yield point, outcome
                continue
            dense = engine.dense(point.recovery, 0, count)
            yield point, measurement(bench, point, engine.about(point), dense, outcome, targets)
