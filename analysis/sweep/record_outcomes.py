"""What outcomes become in a study: rows, logits beside them, and reasons where there is none."""

from prunescope.bench.evaluate import Outcome
from prunescope.bench.workbench import Workbench
from prunescope.errors import CannotPrune
from prunescope.replay.engine import Engine, ordered_targets
from prunescope.store.folder import StudyFolder
from prunescope.study.point import Point, dense_key
from prunescope.sweep.row import measurement
from prunescope.sweep.shared_rows import SharedRows


class Recorder:
    """Adds outcomes to the rows of a sweep.

    Attributes:
        refused: Points that cannot be had → why.
        touched: Points that an outcome was added of.
    """

    def __init__(self, bench: Workbench, engine: Engine, shared: SharedRows) -> None:
        """Begin with nothing added.

        Args:
            bench: What is measured.
            engine: Whose outcomes they are.
            shared: The rows, which the caller writes when it is due.
        """
        self._bench, self._engine, self._shared = bench, engine, shared
        self._targets = ordered_targets(bench)
        self._dense: set[tuple[str, int]] = set()
        self.refused: dict[Point, str] = {}
        self.touched: set[Point] = set()

    def write_targets(self, study: StudyFolder) -> None:
        """Write the validation samples' classes, if they have one each."""
        targets = self._targets
        if targets is not None and targets.ndim == 1 and not targets.is_floating_point():
            study.logits.write_targets(targets.numpy())

    def add(self, point: Point, outcome: Outcome | CannotPrune, start: int, end: int) -> bool:
        """Add what ``point`` gave on the samples from ``start`` to ``end``.

        Returns:
            Whether it gave anything; else it is among ``refused``.
        """
        if isinstance(outcome, CannotPrune):
            self.refused[point] = str(outcome)
            return False
        dense = self._engine.dense(point.recovery, start, end)
        targets = None if self._targets is None else self._targets[start:end]
        row = measurement(self._bench, point, self._engine.about(point), dense, outcome, targets)
        self._shared.add(point, row)
        self._shared.add_logits(row.key, start, outcome)
        if (point.recovery, start) not in self._dense:
            self._dense.add((point.recovery, start))
            key = dense_key(self._bench.manifest, point.recovery)
            self._shared.add_logits(key, start, dense)
        self.touched.add(point)
        return True
