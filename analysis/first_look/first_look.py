"""Predict the drops of all points of a grid from a backward pass and a few measured points."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, get_args

import numpy as np

from prunescope.bench.workbench import Workbench
from prunescope.errors import BadValue
from prunescope.finding.find import margins
from prunescope.first_look.choose_anchors import UNITS, choose_anchors
from prunescope.first_look.look_law import Anchors, Features, Forecast, forecast, unfitted
from prunescope.first_look.margin_changes import SAMPLES
from prunescope.first_look.point_features import unit_features, weight_features
from prunescope.first_look.sampled_changes import sample_count, sampled_divergences
from prunescope.moments.second_moments import SAMPLES as MOMENT_SAMPLES
from prunescope.progress import Progress
from prunescope.replay.choose_engine import choose_engine
from prunescope.replay.engine import Engine
from prunescope.replay.frontier import FrontierEngine
from prunescope.store.folder import StudyFolder
from prunescope.store.predicted_points import PredictedPoint
from prunescope.study import Grid
from prunescope.study.method import Unit
from prunescope.study.point import KEY, Point
from prunescope.sweep.check_laws import require_laws
from prunescope.sweep.runner import sweep
from prunescope.sweep.work_behind import suffix_macs
from prunescope.sweep.work_list import points
from prunescope.text.predictions import SMALL
from prunescope.text.scores import words_of

_FEWEST: Final = 4
_LEAVING: Final = get_args(Unit)
"""Granularities that are looked at besides weights."""


@dataclass(frozen=True)
class LookReport:
    """What a first look did.

    Attributes:
        predictions: One for each point, as stored.
        anchors: Points that it measured, or found measured, on every sample.
        error: Mean absolute error of the anchors with drops up to ``SMALL``, each predicted from
            the others; NaN without any.
        worst: The largest of these errors.
        passes: Multiply-accumulates of all of it (gradients, moments, anchors), in passes of the
            dense network over the validation split.
        grid_passes: Those of an exact sweep of the grid by replay, likewise.
        seconds: That it took.
        stopped: Whether it ended before its anchors were measured; nothing is predicted then.
    """

    predictions: tuple[PredictedPoint, ...] = ()
    anchors: int = 0
    error: float = float("nan")
    worst: float = float("nan")
    passes: float = 0.0
    grid_passes: float = 0.0
    seconds: float = 0.0
    stopped: bool = False


def first_look(
    bench: Workbench,
    study: StudyFolder,
    grid: Grid,
    progress: Progress,
    engine: str = "frontier",
    deadline: float | None = None,
) -> LookReport:
    """Predict every point of ``grid`` and store that, apart from measurements.

    Of weights, the change of the dense margin to first order (``margin_changes``) and of the
    layer's outputs by second moments rank points; of units, the divergence on a few samples
    (``sampled_changes``). What that means on this network is fitted on two points of each layer, or
    one of each group (12 to 48 in all of either), measured on every sample and stored as any
    sweep's. Each of them, predicted from the others, gives the error that is told and the interval
    of all predictions.

    Args:
        bench: What is measured.
        study: Where predictions and the measured points go.
        grid: Which points: weights, channels or heads, without recovery.
        progress: Counts samples, and stops the look between two points.
        engine: ``frontier`` or ``naive``.
        deadline: When to stop, on ``time.monotonic``'s clock.

    Raises:
        BadValue: The network does not give each sample one class, or something else is pruned.
        ForeignStudy: The study is about another model, data or metric.
    """
    study.require(bench.manifest)
    _require_possible(bench, points(grid, study.manifest))
    started = time.monotonic()
    total = len(bench.splits.validation)
    progress.start(0, "differentiating the dense answers")
    subjects = {p.subject for p in points(grid, study.manifest) if _leaves(p)}
    study = require_laws(bench, study, subjects)
    wanted = points(grid, study.manifest)
    chosen_engine = choose_engine(bench, engine)
    looks, methods, of_units = _looks(bench, wanted, chosen_engine, progress, deadline)
    among = frozenset(look.wanted[place] for look in looks for place in look.chosen)
    report = sweep(bench, study, grid, progress, chosen_engine, deadline=deadline, among=among)
    known = [_anchors(bench, study, look.wanted, look.chosen) for look in looks]
    pairs = list(zip(looks, known, strict=True))
    few = any(len(own.place) < min(_FEWEST, len(look.chosen)) for look, own in pairs)
    if progress.cancelled() or few or not looks:
        return LookReport(seconds=time.monotonic() - started, stopped=True)
    executed = report.executed
    if not isinstance(chosen_engine, FrontierEngine):  # which does not count what was looked at
        count = sample_count(bench, [point for point in wanted if _leaves(point)])
        executed += int(of_units * count * bench.manifest.macs)
    rows, errors = [], []
    for look, anchors in pairs:
        foretold = forecast(look.features, anchors, total, _most(bench))
        small = np.abs(foretold.errors)[anchors.drop <= words_of(bench.manifest).usual(SMALL)]
        error = float(small.mean()) if len(small) else float("nan")
        errors += small.tolist()
        rows += _rows(bench, look.wanted, foretold, len(anchors.place), error)
    study.predicted.append(rows)
    study.predicted.compact()
    return LookReport(
        tuple(rows), sum(len(anchors.place) for anchors in known),
        float(np.mean(errors)) if errors else float("nan"), max(errors, default=float("nan")),
        _passes(bench, executed, methods), _grid_passes(bench, wanted) + of_units,
        time.monotonic() - started,
    )  # fmt: skip


@dataclass(frozen=True)
class _Look:
    """Points of one kind.

    Attributes:
        wanted: The points.
        features: Of them.
        chosen: Places of those to measure.
    """

    wanted: tuple[Point, ...]
    features: Features
    chosen: tuple[int, ...]


def _looks(
    bench: Workbench,
    wanted: Sequence[Point],
    engine: Engine,
    progress: Progress,
    deadline: float | None,
) -> tuple[list[_Look], int, float]:
    """Weights and units apart, as far as there are any, and what that took.

    Returns:
        What is known of either; how many backward passes; how many passes of the dense network all
        points of units are, each on the smaller network that it leaves.
    """
    total, looks, methods, of_units = len(bench.splits.validation), [], 0, 0.0
    weights = tuple(point for point in wanted if not _leaves(point))
    if weights:
        features, methods = weight_features(bench, weights)
        drops = unfitted(features, _most(bench))
        looks.append(_Look(weights, features, tuple(choose_anchors(features, drops, total))))
    units = [point for point in wanted if _leaves(point)]
    if units:
        divergences = sampled_divergences(bench, engine, units, progress, deadline)
        of_units = float(len(units))
        if isinstance(engine, FrontierEngine):
            seen = sample_count(bench, units) * max(bench.manifest.macs, 1)
            of_units = engine.work.executed / seen
        if divergences:
            features = unit_features(divergences)
            drops = unfitted(features, _most(bench))
            chosen = choose_anchors(features, drops, total, UNITS)
            looks.append(_Look(tuple(divergences), features, tuple(chosen)))
    return looks, methods, of_units


def _leaves(point: Point) -> bool:
    return point.method.granularity in _LEAVING


def _most(bench: Workbench) -> float:
    baseline = bench.manifest.baseline
    return baseline.score if baseline is not None else 1.0


def _require_possible(bench: Workbench, wanted: Sequence[Point]) -> None:
    possible = ("weight", *_LEAVING)
    other = [p for p in wanted if p.method.granularity not in possible or p.recovery != "none"]
    if other:
        raise BadValue(
            "Expected weights, channels or heads without recovery for mode look, but got "
            f"{other[0].method} with recovery {other[0].recovery}. Take such methods, or mode find."
        )
    metric = bench.manifest.metric
    if margins(bench) is None or metric.over_set or not metric.is_share:
        raise BadValue(
            "Expected a network that gives each sample one class, and a metric that is a share of "
            f"samples, for mode look, but got {metric.name}. Take mode exact or adaptive."
        )


def _anchors(
    bench: Workbench, study: StudyFolder, wanted: Sequence[Point], chosen: Sequence[int]
) -> Anchors:
    """Those of the chosen points that are measured on every sample."""
    frame = study.measured()
    frame = frame[frame["samples"] == len(bench.splits.validation)]
    keys = frame[list(KEY)].itertuples(index=False, name=None)
    rows = dict(zip(keys, frame.to_dict("records"), strict=True))
    known = [(place, rows.get(wanted[place].key(bench.manifest))) for place in chosen]
    whole = [(place, row) for place, row in known if row is not None]
    return Anchors(
        np.array([place for place, _ in whole], np.int64),
        np.array([row["drop_sum"] / row["samples"] for _, row in whole]),
        np.array([row["divergence_sum"] / row["samples"] for _, row in whole]),
    )


def _rows(
    bench: Workbench, wanted: Sequence[Point], foretold: Forecast, anchors: int, error: float
) -> list[PredictedPoint]:
    made = time.time()
    return [
        PredictedPoint(
            *point.key(bench.manifest), made, float(drop), float(low), float(high), anchors, error
        )
        for point, drop, low, high in zip(
            wanted, foretold.drop, foretold.low, foretold.high, strict=True
        )
    ]


def _passes(bench: Workbench, executed_macs: int, methods: int) -> float:
    """Of the dense network over the validation split; a backward pass counts as two forward."""
    total = len(bench.splits.validation)
    samples = 3 * min(SAMPLES, total) * methods
    samples += min(MOMENT_SAMPLES, len(bench.splits.calibration)) if methods else 0
    executed = executed_macs / bench.manifest.macs if bench.manifest.macs else 0.0
    return (samples + executed) / total


def _grid_passes(bench: Workbench, wanted: Sequence[Point]) -> float:
    """Of the weights among ``wanted``; none without any."""
    behind = suffix_macs(bench.manifest)
    work = sum(behind(point.subject) for point in wanted if not _leaves(point))
    return work and 1 + work / max(bench.manifest.macs, 1)
