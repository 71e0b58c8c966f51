"""The plain loop: prune, evaluate the whole network, undo. All other engines must equal it."""

from collections.abc import Callable, Iterator, Sequence

from torch import Tensor, nn

from prunescope.bench.evaluate import Outcome, evaluate
from prunescope.bench.precision import FP32
from prunescope.bench.pruned import select_one, selected
from prunescope.bench.workbench import Workbench
from prunescope.criteria.scores import Scores
from prunescope.errors import CannotPrune
from prunescope.recovery import MOVES_DENSE, recovered
from prunescope.replay.engine import Removed, always, every_point, order, removed
from prunescope.replay.point_faults import point_faults
from prunescope.sources.splits import Samples
from prunescope.study.point import Point


class NaiveEngine:
    """The plain loop: prune, evaluate the whole network, undo. Implements ``Engine``.

    Units are really removed: their points are evaluated on the smaller network.
    """

    def __init__(self, bench: Workbench, sample_order: Tensor | None = None) -> None:
        self.claim: Callable[[Point], bool] = every_point
        self.go_on: Callable[[Point, int], bool] = always
        self._bench = bench
        self._scores = Scores(bench.network, bench.splits.calibration, bench.groups, bench.loss)
        self._order = order(bench) if sample_order is None else sample_order
        self._about: dict[Point, Removed] = {}
        self._dense: dict[tuple[str, int, int], Outcome] = {}

    def outcomes(
        self, start: int, stop: int, points: Sequence[Point]
    ) -> Iterator[tuple[Point, Outcome | CannotPrune]]:
        """Yield the points in the given order; the network's weights are back after each."""
        samples = self._samples(start, stop)
        for point in points:
            if not self.claim(point):
                continue
            try:
                with point_faults():
                    outcome: Outcome | CannotPrune = self._outcome(point, samples)
            except CannotPrune as reason:
                outcome = reason
            yield point, outcome

    def dense(self, recovery: str, start: int, stop: int) -> Outcome:
        """Return the dense network's outcome, evaluated once and kept until other samples come."""
        key = (recovery, start, stop)
        if key not in self._dense:
            self._dense = {k: cached for k, cached in self._dense.items() if k[1:] == key[1:]}
            self._dense[key] = self._dense_outcome(recovery, start, stop)
        return self._dense[key]

    def about(self, point: Point) -> Removed:
        """Return what ``point`` takes away."""
        return self._about[point]

    @property
    def spent(self) -> str:
        """Nothing: the plain loop is what others are compared with."""
        return ""

    def _outcome(self, point: Point, samples: Samples) -> Outcome:
        bench = self._bench
        chosen = select_one(self._scores, point.subject, point.method, point.sparsity, point.seed)
        recovery = point.recovery
        with (
            selected(bench.network, chosen) as module,
            recovered(bench, recovery, module, chosen),
        ):
            if point not in self._about:
                self._about[point] = removed(chosen, module)
            return self._evaluate(module, samples, self._bench.precision)

    def _dense_outcome(self, recovery: str, start: int, stop: int) -> Outcome:
        bench = self._bench
        if recovery not in MOVES_DENSE:
            return bench.dense.picked(self._order[start:stop])
        with recovered(bench, recovery):
            return self._evaluate(bench.network.module, self._samples(start, stop))

    def _samples(self, start: int, stop: int) -> Samples:
        return self._bench.splits.validation.picked(self._order[start:stop])

    def _evaluate(self, module: nn.Module, samples: Samples, precision: str = FP32) -> Outcome:
        return evaluate(module, samples, self._bench.metric, self._bench.batch, precision)
