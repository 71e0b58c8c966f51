"""A study's logits as operators, one per measured point, fitted when first needed and cached."""

import math
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Final

import numpy as np

from prunescope.curves.curve import Curve, CurveKey, CurvePoint, Curves
from prunescope.planning.prediction.logit_coordinates import Coordinates, drop_of, log_softmax
from prunescope.planning.prediction.logit_source import LogitSource, operator_key
from prunescope.planning.prediction.predicted_effects import PredictedEffects
from prunescope.planning.prediction.subject_operator import DenseLogits, Operator, between
from prunescope.planning.prediction.unseen_samples import fit_seen_samples
from prunescope.study import Manifest
from prunescope.study.point import dense_key

_BYTES: Final = 256 << 20
"""Size of the cache of operators; a thousand points of 4,096 samples and ten classes fit."""

Point = tuple[CurveKey, float]
Stamp = tuple[tuple[int, float], ...]
"""Samples and drop of the measured points that an operator was made of."""
Guesses = Mapping[str, PredictedEffects]


@dataclass(frozen=True)
class Dense:
    """The dense model after one recovery.

    Attributes:
        reference: Its logits, prepared.
        coordinates: In which all logits are compared with them.
        labels: ``(n,)`` class of each sample.
        log_probabilities: ``(n, k)``.
        classes: How many classes the logits have.
    """

    reference: DenseLogits
    coordinates: Coordinates
    labels: np.ndarray
    log_probabilities: np.ndarray
    classes: int

    @property
    def samples(self) -> int:
        """How many samples there are."""
        return len(self.labels)

    @property
    def cross_entropy(self) -> float:
        """Mean over the samples, in nats."""
        own = self.log_probabilities[np.arange(self.samples), self.coordinates.target]
        return -float(np.mean(own, dtype=np.float64))


@dataclass(frozen=True)
class CachedOperator:
    """An operator in the cache.

    Attributes:
        operator: The operator.
        stamp: Of the measured points that it was fitted on.
    """

    operator: Operator
    stamp: Stamp


class LogitOperators:
    """The logits of one study's measured points; safe to share between threads.

    Operators, interpolated ones too, are fitted when a plan first needs them; the most recently
    used ones stay in a cache of 256 MB. One is fitted anew when its points have more samples. For
    new logits, make new ``LogitOperators`` with the old ones as ``before``: their cache is taken
    over where the dense logits are the same.
    """

    def __init__(
        self, manifest: Manifest, source: LogitSource, before: "LogitOperators | None" = None
    ) -> None:
        self._manifest = manifest
        self._source = source
        self._dense: dict[str, Dense | None] = {}
        self._cache: OrderedDict[Point, CachedOperator] = OrderedDict()
        self._cached_bytes = 0
        self._lock = Lock()
        self._guesses: tuple[Curves | None, dict[str, Guesses]] = (None, {})
        if before is not None:
            self._take_over(before)

    def dense(self, recovery: str) -> Dense | None:
        """Return the dense model after ``recovery``, or None when its logits are not stored."""
        with self._lock:
            if recovery not in self._dense:
                self._dense[recovery] = self._read_dense(recovery)
            return self._dense[recovery]

    def operators(self, subjects: Sequence[tuple[Curve, float]]) -> list[Operator | None]:
        """Return what pruning each curve's subject to its sparsity does; None without logits.

        Between measured points it is interpolated; past the last one it is constant.
        """
        bounds = [neighbour_points(curve, sparsity) for curve, sparsity in subjects]
        cached = self._cached_operators(
            {
                (curve.key, sparsity): _stamp(*neighbours)
                for (curve, sparsity), neighbours in zip(subjects, bounds, strict=True)
            }
        )
        points = {
            (curve.key, point.sparsity): point
            for (curve, sparsity), neighbours in zip(subjects, bounds, strict=True)
            for point in neighbours
            if point is not None and (curve.key, sparsity) not in cached
        }
        by_point = self._operators(points) | cached
        return [
            by_point.get((curve.key, sparsity))
            or self._between(curve, sparsity, *neighbours, by_point)
            for (curve, sparsity), neighbours in zip(subjects, bounds, strict=True)
        ]

    def guesses(self, curves: Curves, digest: str, compute: Callable[[], Guesses]) -> Guesses:
        """Return what predictors say of the plan ``digest``, made once for these curves."""
        with self._lock:
            if self._guesses[0] is not curves:
                self._guesses = (curves, {})
            by_digest = self._guesses[1]
        if digest not in by_digest:
            by_digest[digest] = compute()
        return by_digest[digest]

    def _between(
        self,
        curve: Curve,
        sparsity: float,
        lower: CurvePoint | None,
        upper: CurvePoint | None,
        by_point: dict[Point, Operator],
    ) -> Operator | None:
        dense = self.dense(curve.key.recovery)
        above = by_point.get((curve.key, upper.sparsity)) if upper else None
        if above is None or upper is None or dense is None or sparsity >= upper.sparsity:
            return above
        if lower is None:
            start, below = 0.0, dense.reference.nothing()
        elif (curve.key, lower.sparsity) in by_point:
            start, below = lower.sparsity, by_point[curve.key, lower.sparsity]
        else:
            return None
        interpolated = between(below, above, (sparsity - start) / (upper.sparsity - start))
        self._add_to_cache(
            (curve.key, sparsity), CachedOperator(interpolated, _stamp(lower, upper))
        )
        return interpolated

    def _operators(self, points: dict[Point, CurvePoint]) -> dict[Point, Operator]:
        by_point = self._cached_operators(
            {name: _stamp(None, point) for name, point in points.items()}
        )
        missing = {
            operator_key(self._manifest, *name): name for name in points if name not in by_point
        }
        for key, rows in (self._source.read_many(missing) if missing else {}).items():
            name = missing[key]
            dense = self.dense(name[0].recovery)
            if dense is not None and len(rows) and rows.shape[1] == dense.classes:
                by_point[name] = _operator(dense, rows, points[name], self._manifest)
                self._add_to_cache(name, CachedOperator(by_point[name], _stamp(None, points[name])))
        return by_point

    def _cached_operators(self, stamps: Mapping[Point, Stamp]) -> dict[Point, Operator]:
        """Return the cached operators among ``stamps`` whose stamp is still the same."""
        operators = {}
        with self._lock:
            for name, stamp in stamps.items():
                cached = self._cache.get(name)
                if cached is not None and cached.stamp == stamp:
                    self._cache.move_to_end(name)
                    operators[name] = cached.operator
        return operators

    def _add_to_cache(self, name: Point, cached: CachedOperator) -> None:
        with self._lock:
            old = self._cache.pop(name, None)
            self._cached_bytes += _size(cached) - (_size(old) if old else 0)
            self._cache[name] = cached
            while self._cached_bytes > _BYTES and len(self._cache) > 1:
                self._cached_bytes -= _size(self._cache.popitem(last=False)[1])

    def _take_over(self, before: "LogitOperators") -> None:
        """Take over the cache of ``before`` for recoveries whose dense logits did not change."""
        with before._lock:
            dense_models, cached_operators, guesses = (
                dict(before._dense),
                list(before._cache.items()),
                before._guesses,
            )
        for recovery, dense in dense_models.items():
            now = self.dense(recovery)
            if dense is not None and now is not None and dense.samples == now.samples:
                self._dense[recovery] = dense
        same = {
            name for name, dense in dense_models.items() if dense and self._dense[name] is dense
        }
        for name, cached in cached_operators:
            if name[0].recovery in same:
                self._add_to_cache(name, cached)
        if same == dense_models.keys():
            self._guesses = guesses

    def _read_dense(self, recovery: str) -> Dense | None:
        key = dense_key(self._manifest, recovery)
        rows = self._source.read_many([key]).get(key)
        labels = self._source.targets()
        if rows is None or labels is None or not len(rows):
            return None
        labels = np.asarray(labels[: len(rows)], np.int64)
        rows = rows[: len(labels)]
        classes = rows.shape[1]
        if not len(labels) or not 0 <= labels.min() <= labels.max() < classes:
            return None  # labels of something else: nothing can be predicted from them
        coordinates = Coordinates.of(rows, labels)
        centred = coordinates(rows)
        single = coordinates.single_classes(centred).shape[1]
        reference = DenseLogits.of(centred, single)
        return Dense(reference, coordinates, labels, log_softmax(centred), classes)


def _operator(dense: Dense, rows: np.ndarray, point: CurvePoint, manifest: Manifest) -> Operator:
    """The operator of a point. Partial points have no excess, as some samples are not measured."""
    centred = dense.coordinates(rows[: dense.samples])
    operator = fit_seen_samples(dense.reference, centred)
    if len(centred) < dense.samples:
        return operator
    before, after = map(dense.coordinates.single_classes, (dense.reference.rows, centred))
    drop = drop_of(before, after, dense.coordinates.target, manifest.reference.metric)
    return operator if math.isnan(drop) else replace(operator, excess=point.drop - drop)


def _stamp(lower: CurvePoint | None, upper: CurvePoint | None) -> Stamp:
    return tuple((point.samples, point.drop) for point in (lower, upper) if point is not None)


def _size(cached: CachedOperator) -> int:
    return cached.operator.noise.nbytes


def neighbour_points(curve: Curve, sparsity: float) -> tuple[CurvePoint | None, CurvePoint | None]:
    """Return the measured points below and at or above ``sparsity``; past the end the last one."""
    above = [point for point in curve.points if point.sparsity >= sparsity]
    below = [point for point in curve.points if point.sparsity < sparsity]
    if not above:
        return None, below[-1] if below else None
    return below[-1] if below and above[0].sparsity > sparsity else None, above[0]
