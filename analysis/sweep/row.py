"""Make the row that a study stores from the pruned and the dense outcome."""

from dataclasses import asdict

from torch import Tensor

from prunescope.bench.evaluate import Outcome, compare
from prunescope.bench.workbench import Workbench
from prunescope.replay.engine import Removed
from prunescope.store.measurements import Measurement
from prunescope.study.point import Point


def measurement(
    bench: Workbench,
    point: Point,
    about: Removed,
    dense: Outcome,
    pruned: Outcome,
    targets: Tensor | None,
) -> Measurement:
    """Return the row of ``point`` over the samples of ``pruned``, compared with ``dense``.

    Args:
        bench: Gives fingerprint, population and classes.
        point: What was pruned.
        about: How much it removed.
        dense: The reference on the same samples, after the same recovery.
        pruned: What the pruned network gave.
        targets: Labels of these samples, or None.
    """
    sums = compare(dense, pruned, targets, bench.classes)
    return Measurement(
        *point.key(bench.manifest),
        removed=about.removed,
        total=about.total,
        compressed_bytes=about.compressed_bytes,
        population=len(bench.splits.validation),
        computed_on=bench.computed_on,
        **asdict(sums),
    )
