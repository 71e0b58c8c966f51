"""Repeat in single precision the points whose decision a lower precision could turn."""

from collections.abc import Sequence
from dataclasses import replace

from prunescope.bench.precision import FP32
from prunescope.bench.workbench import Workbench
from prunescope.errors import CannotPrune
from prunescope.progress import Progress
from prunescope.replay import choose_engine
from prunescope.replay.engine import ordered_targets
from prunescope.store.folder import StudyFolder
from prunescope.store.measurements import Measurement
from prunescope.store.parquet_table import rows_of
from prunescope.study import looks
from prunescope.study.point import Point, point_name
from prunescope.study.sample_order import at_the_end
from prunescope.sweep.row import measurement
from prunescope.sweep.stopping_policy import Policy


def repeat_decisions(
    bench: Workbench,
    study: StudyFolder,
    points: Sequence[Point],
    policy: Policy,
    room: float,
    progress: Progress,
    engine: str = "frontier",
) -> int:
    """Measure again, in single precision, what lies within ``room`` of a decision.

    The new rows take the place of the old ones as a whole; a point that is not settled again when
    somebody stops keeps its old one. What the points answered sample by sample stays stored in
    the lower precision, for predictions.

    Args:
        bench: With the lower precision.
        study: Holds the rows.
        points: Of the sweep.
        policy: With the limit; without one, nothing is decided and nothing repeated.
        room: How far a drop may be off: ``PrecisionError.size``.
        progress: Counts samples.
        engine: ``frontier`` or ``naive``.

    Returns:
        How many points were repeated.
    """
    population, scale = len(bench.splits.validation), bench.manifest.scale
    by_key = {point.key(study.manifest): point for point in points}
    stored = rows_of(study.measurements, study.measured())
    lower = {
        by_key[row.key]: row
        for row in stored
        if row.key in by_key and not row.repeated and bench.computed_on in row.computed_on
    }
    todo = policy.near(list(lower), lower, population, scale, room)
    if not todo:
        return 0
    exact = replace(bench, precision=FP32)
    replay = choose_engine(exact, engine)
    targets = ordered_targets(bench)
    rows: dict[Point, Measurement] = {}
    ends = (at_the_end if bench.manifest.metric.over_set else looks)(population)
    progress.start(len(todo) * population, f"repeating {len(todo)} points in {FP32}")
    done, start = set[Point](), 0
    for end in ends:
        for point, outcome in replay.outcomes(start, end, todo):
            if progress.cancelled():
                break
            if isinstance(outcome, CannotPrune):
                continue
            dense = replay.dense(point.recovery, start, end)
            labels = None if targets is None else targets[start:end]
            row = measurement(exact, point, replay.about(point), dense, outcome, labels)
            rows[point] = rows[point].plus(row) if point in rows else row
            progress.advance(end - start, point_name(point))
        else:
            start = end
            left = set(policy.unsettled(todo, rows, population, scale))
            settled = [point for point in todo if point in rows and point not in left]
            study.measurements.append([replace(rows[p], repeated=True) for p in settled])
            done.update(settled)
            todo = [point for point in todo if point in left and point in rows]
            if todo:
                continue
        break
    study.measurements.compact()
    return len(done)
