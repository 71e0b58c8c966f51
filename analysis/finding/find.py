"""Find each curve's largest sparsity within a limit, from a few samples of a few of its points."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import torch
from torch import Tensor

from prunescope.arrays import Floats
from prunescope.bench.evaluate import Outcome, divergences
from prunescope.bench.workbench import Workbench
from prunescope.errors import BadValue, CannotPrune
from prunescope.finding.purse import Purse
from prunescope.finding.search import Place, Search
from prunescope.finding.strata import Strata, drawn, strata
from prunescope.finding.stratified import Seen
from prunescope.progress import Progress
from prunescope.replay.choose_engine import choose_engine
from prunescope.replay.frontier import FrontierEngine
from prunescope.store.folder import StudyFolder
from prunescope.store.largest_sparsities import LargestSparsity
from prunescope.study import Grid, looks
from prunescope.study.method import UNITS
from prunescope.study.point import Point, point_name
from prunescope.sweep.check_laws import require_laws
from prunescope.sweep.work_behind import suffix_macs
from prunescope.sweep.work_list import points

SHARE: Final = 8
"""An estimate sees the ``SHARE``-th part of the samples of a point, up to the next look."""
LEAST: Final = 128
"""Samples that an estimate sees at least, where there are as many."""

CurveName = tuple[str, str, str, str, int]


@dataclass(frozen=True)
class FindReport:
    """What a search did.

    Attributes:
        answers: One for each curve, in the grid's order.
        refused: Points that cannot be pruned, each with the reason.
        points: Points that it looked at.
        grid: Points that the grid has.
        executed: Multiply-accumulates; 0 without replay.
        plain: Those of the plain loop over the whole grid and split.
        samples: Evaluated, all points together.
        seconds: That it took.
        stopped: Whether it ended before it was done; answers then stand on fewer samples.
    """

    answers: tuple[LargestSparsity, ...] = ()
    refused: tuple[str, ...] = ()
    points: int = 0
    grid: int = 0
    executed: int = 0
    plain: int = 0
    samples: int = 0
    seconds: float = 0.0
    stopped: bool = False


def find(
    bench: Workbench,
    study: StudyFolder,
    grid: Grid,
    progress: Progress,
    limit: float,
    certify: bool = False,
    engine: str = "frontier",
    deadline: float | None = None,
) -> FindReport:
    """Find, estimate first, and store an answer for every curve of ``grid``.

    Samples near a decision are looked at more often than others (``finding.strata``), a law between
    divergence and drop is fitted over all curves (``finding.law``), and points are measured where
    it says that they cross the limit. Nothing of it is a curve's point: an exact sweep measures
    those anew.

    Args:
        bench: What is measured.
        study: Where answers go.
        grid: Which curves, and between which sparsities to choose.
        progress: Counts samples, and stops the search between two points.
        limit: The accepted mean drop, absolute.
        certify: Whether to go on until a sparsity is certainly within the limit.
        engine: ``frontier`` or ``naive``.
        deadline: When to stop, on ``time.monotonic``'s clock.

    Raises:
        BadValue: The metric is known of a whole set only.
        ForeignStudy: The study is about another model, data or metric.
    """
    if bench.manifest.metric.over_set:
        raise BadValue(
            f"Expected a metric of single samples to find sparsities by a few of them, but "
            f"{bench.manifest.metric.name} is one of the whole set. Take mode exact."
        )
    study.require(bench.manifest)
    names = {group.name for group in study.manifest.groups}
    study = require_laws(bench, study, {p.subject for p in points(grid, study.manifest)} & names)
    return _Finder(bench, study, grid, progress, limit, engine, deadline).run(certify)


def margins(bench: Workbench) -> Floats | None:
    """Return how far the dense network is from another answer, ``(n,)`` in nats, or None.

    The distance between the log-probabilities of the target and of the best other class; None for
    networks that do not give each sample one class.
    """
    rows, targets = bench.dense.log_probabilities, bench.splits.validation.targets
    count = len(bench.dense.score)
    if rows is None or len(rows) != count:
        return None
    labels = bench.metric.labels(targets)
    if labels is None and bench.metric.relative:
        labels = rows.argmax(1)
    if not isinstance(labels, Tensor) or labels.ndim != 1 or labels.is_floating_point():
        return None
    own = rows.gather(1, labels[:, None].long())[:, 0]
    others = rows.scatter(1, labels[:, None].long(), -torch.inf).max(1).values
    return np.asarray((own - others).abs().double().numpy(), np.float64)


class _StoppedError(Exception):
    """Somebody asked to stop, or the time is over."""


@dataclass
class _Finder:
    bench: Workbench
    study: StudyFolder
    grid: Grid
    progress: Progress
    limit: float
    engine: str
    deadline: float | None
    _reasons: dict[Point, str] = field(default_factory=dict)

    def run(self, certify: bool) -> FindReport:
        """Search, and store what stands."""
        started = time.monotonic()
        bench, total = self.bench, len(self.bench.splits.validation)
        self._ends = looks(total)
        self._cut: Strata = strata(margins(bench), total)
        seed = int(bench.manifest.fingerprint[:8], 16)
        self._order = torch.from_numpy(drawn(self._cut, self._ends, seed))
        self._engine = choose_engine(bench, self.engine, self._order)
        self._engine.go_on = lambda _point, _samples: not self._over()
        self._curves = self._points_by_curve()
        grids = [[point.sparsity for point in own] for own in self._curves]
        search = Search(
            grids, self.limit, bench.manifest.scale, _is_share(bench), purse=self._purse(total)
        )
        self._search = search
        last = next(end for end in self._ends if end >= min(total, max(LEAST, total / SHARE)))
        few = [end for end in self._ends if end <= last]
        self.progress.start(2 * len(grids) * few[-1], "finding where curves cross the limit")
        stands: Mapping[int, int] = {}
        stopped = False
        try:
            search.estimate(few, self._measure)
            search.settle([end for end in self._ends if end > last], self._measure)
            if certify:
                stands = search.certify(self._ends, self._measure)
        except _StoppedError:
            stopped = True
        answers = tuple(self._answers(stands, certify and not stopped))
        self.study.largest.append(answers)
        self.study.largest.compact()
        executed = self._engine.work.executed if isinstance(self._engine, FrontierEngine) else 0
        every = sum(map(len, grids))
        return FindReport(
            answers,
            tuple(f"{point_name(point)}: {why}" for point, why in self._reasons.items()),
            len(search.seen), every, executed, every * total * bench.manifest.macs,
            sum(seen.samples for seen in search.seen.values()),
            time.monotonic() - started, stopped,
        )  # fmt: skip

    def _purse(self, total: int) -> Purse | None:
        """None where nobody knows what lies behind a layer."""
        manifest = self.study.manifest
        if not manifest.macs:
            return None
        behind = suffix_macs(manifest)
        shares = [behind(own[0].subject) / manifest.macs for own in self._curves]
        units = [own[0].method.granularity in UNITS for own in self._curves]
        return Purse(shares, list(map(len, self._curves)), units, total)

    def _points_by_curve(self) -> list[list[Point]]:
        curves: dict[CurveName, list[Point]] = {}
        for point in points(self.grid, self.study.manifest):
            method = point.method
            name = (point.subject, method.criterion, method.granularity, point.recovery, point.seed)
            curves.setdefault(name, []).append(point)
        return [sorted(own, key=lambda point: point.sparsity) for own in curves.values()]

    def _measure(self, places: Sequence[Place], end: int) -> None:
        """Take these places to ``end`` samples, those that are equally far in one walk."""
        search = self._search
        for start, stop in zip((0, *self._ends), self._ends, strict=False):
            if start >= end:
                break
            behind = {
                self._point(place): place
                for place in places
                if place not in search.broken and self._samples(place) == start
            }
            if not behind:
                continue
            for point, outcome in self._engine.outcomes(start, stop, list(behind)):
                self._record(behind[point], point, outcome, start, stop)
                if self._over():
                    raise _StoppedError
            if self._over():
                raise _StoppedError

    def _over(self) -> bool:
        return self.progress.cancelled() or self._late()

    def _record(
        self, place: Place, point: Point, outcome: Outcome | CannotPrune, start: int, stop: int
    ) -> None:
        if isinstance(outcome, CannotPrune):
            self._search.broken.add(place)
            self._reasons[point] = str(outcome)
            return
        dense = self._engine.dense(point.recovery, start, stop)
        drops = (dense.score.double() - outcome.score.double()).numpy()
        apart = divergences(dense, outcome)
        changes = np.abs(drops) if apart is None else apart.numpy()
        changes = np.where(np.isfinite(changes), changes, 0.0)
        rows = self._cut.of[self._order[start:stop].numpy()]
        before = self._search.seen.get(place) or Seen.nothing(self._cut)
        self._search.seen[place] = before.with_samples(rows, drops, changes)
        self.progress.advance(stop - start, point_name(point))

    def _answers(self, stands: Mapping[int, int], certified: bool) -> list[LargestSparsity]:
        manifest, search, made = self.bench.manifest, self._search, time.time()
        rows = []
        for curve, place in enumerate(search.answers()):
            own = self._curves[curve]
            first = own[0]
            if all((curve, p) in search.broken or (curve, p) not in search.seen
                   for p in range(len(own))):  # fmt: skip
                continue
            seen = search.seen.get((curve, place))
            key = first.key(manifest)
            stand = stands.get(curve, -1)
            proof = search.seen.get((curve, stand))
            rows.append(
                LargestSparsity(
                    *key[:5], *key[6:], self.limit, made,
                    own[place].sparsity if place >= 0 else 0.0,
                    own[place + 1].sparsity if place + 1 < len(own) else np.nan,
                    seen.drop if seen else 0.0,
                    seen.half_width(manifest.scale) if seen else 0.0,
                    self._samples((curve, max(place, 0))),
                    self._cut.samples,
                    (own[stand].sparsity if stand >= 0 else 0.0) if certified else np.nan,
                    proof.samples if proof else 0,
                )
            )  # fmt: skip
        return sorted(rows, key=lambda row: row.key)

    def _samples(self, place: Place) -> int:
        seen = self._search.seen.get(place)
        return seen.samples if seen else 0

    def _point(self, place: Place) -> Point:
        return self._curves[place[0]][place[1]]

    def _late(self) -> bool:
        return self.deadline is not None and time.monotonic() > self.deadline


def _is_share(bench: Workbench) -> bool:
    score = bench.dense.score
    return bool(((score >= 0) & (score <= 1)).all())
