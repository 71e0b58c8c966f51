"""Predict the drops of all points of a grid from a backward pass and a few measured points."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from torch import Tensor

from prunescope.bench.pruned import PruningMasks
from prunescope.bench.workbench import Workbench
from prunescope.criteria.scores import Scores
from prunescope.errors import BadValue, CannotPrune
from prunescope.finding.find import margins
from prunescope.first_look.choose_anchors import choose_anchors
from prunescope.first_look.look_law import Anchors, Features, Forecast, forecast, unfitted
from prunescope.first_look.margin_changes import SAMPLES, margin_divergences
from prunescope.moments.second_moments import SAMPLES as MOMENT_SAMPLES
from prunescope.progress import Progress
from prunescope.recovery.least_squares.refit import output_error
from prunescope.replay.choose_engine import choose_engine
from prunescope.store.folder import StudyFolder
from prunescope.store.predicted_points import PredictedPoint
from prunescope.study import Grid
from prunescope.study.point import KEY, Point
from prunescope.sweep.runner import sweep
from prunescope.sweep.sweep_report import SweepReport
from prunescope.sweep.work_behind import suffix_macs
from prunescope.sweep.work_list import points
from prunescope.text.predictions import SMALL
from prunescope.text.scores import words_of

_FEWEST: Final = 4
_UNKNOWN: Final = -2.0
"""Logarithm of the change of a layer's outputs where no rule gives its moments."""


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

    The change of the dense margin to first order (``margin_changes``) and of the layer's outputs by
    second moments rank points; what they mean on this network is fitted on two points of each layer
    (12 to 48 in all), measured on every sample and stored as any sweep's. Each of them, predicted
    from the others, gives the error that is told and the interval of all predictions.

    Args:
        bench: What is measured.
        study: Where predictions and the measured points go.
        grid: Which points: weights, without recovery.
        progress: Counts samples, and stops the look between two points.
        engine: ``frontier`` or ``naive``.
        deadline: When to stop, on ``time.monotonic``'s clock.

    Raises:
        BadValue: The network does not give each sample one class, or other than weights leave.
        ForeignStudy: The study is about another model, data or metric.
    """
    study.require(bench.manifest)
    wanted = points(grid, study.manifest)
    _require_possible(bench, wanted)
    started = time.monotonic()
    total = len(bench.splits.validation)
    progress.start(0, "differentiating the dense answers")
    features, methods = _features(bench, wanted)
    baseline = bench.manifest.baseline
    most = baseline.score if baseline is not None else 1.0
    chosen = choose_anchors(features, unfitted(features, most), total)
    among = [wanted[place] for place in chosen]
    chosen_engine = choose_engine(bench, engine)
    report = sweep(
        bench, study, grid, progress, chosen_engine, deadline=deadline, among=frozenset(among)
    )
    anchors = _anchors(bench, study, wanted, chosen)
    if progress.cancelled() or len(anchors.place) < min(_FEWEST, len(chosen)):
        return LookReport(seconds=time.monotonic() - started, stopped=True)
    foretold = forecast(features, anchors, total, most)
    small = np.abs(foretold.errors)[anchors.drop <= words_of(bench.manifest).usual(SMALL)]
    error = float(small.mean()) if len(small) else float("nan")
    rows = _rows(bench, wanted, foretold, len(anchors.place), error)
    study.predicted.append(rows)
    study.predicted.compact()
    return LookReport(
        tuple(rows), len(anchors.place), error, float(small.max()) if len(small) else error,
        _passes(bench, report, methods), _grid_passes(bench, wanted), time.monotonic() - started,
    )  # fmt: skip


def _require_possible(bench: Workbench, wanted: Sequence[Point]) -> None:
    other = [p for p in wanted if p.method.granularity != "weight" or p.recovery != "none"]
    if other:
        raise BadValue(
            f"Expected weights without recovery for mode look, but got {other[0].method} with "
            f"recovery {other[0].recovery}. Take methods at weight granularity, or mode find."
        )
    metric = bench.manifest.metric
    if margins(bench) is None or metric.over_set or not metric.is_share:
        raise BadValue(
            "Expected a network that gives each sample one class, and a metric that is a share of "
            f"samples, for mode look, but got {metric.name}. Take mode exact or adaptive."
        )


def _features(bench: Workbench, wanted: Sequence[Point]) -> tuple[Features, int]:
    """What is known of each point before it is measured, and how many backward passes it took."""
    scores = Scores(bench.network, bench.splits.calibration, bench.groups, bench.loss)
    layers = {layer.name: layer for layer in bench.network.prunable()}
    curves: dict[tuple[str, str, int], int] = {}
    margin: dict[Point, float] = {}
    moments: dict[Point, float] = {}
    kinds = dict.fromkeys((point.method.criterion, point.seed) for point in wanted)
    for criterion, seed in kinds:
        masks: dict[Point, tuple[str, Tensor]] = {}
        for point in wanted:
            if (point.method.criterion, point.seed) != (criterion, seed):
                continue
            layer = layers[point.subject]
            keep = scores.mask(criterion, layer, point.sparsity, seed)
            masks[point] = (layer.parameter, keep)
            moments[point] = _moments(bench, layer.parameter, keep)
            curves.setdefault((point.subject, criterion, seed), len(curves))
        margin |= margin_divergences(bench, masks)
    own = [curves[point.subject, point.method.criterion, point.seed] for point in wanted]
    return Features(
        np.array(own),
        np.array([margin[point] for point in wanted]),
        np.array([moments[point] for point in wanted]),
    ), len(kinds)


def _moments(bench: Workbench, parameter: str, keep: Tensor) -> float:
    """The logarithm of the relative change of the layer's outputs."""
    try:
        error = output_error(bench, PruningMasks(masks={parameter: keep}))
    except CannotPrune:
        return _UNKNOWN
    return _UNKNOWN if error is None else float(np.log(max(error, 1e-6)))


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


def _passes(bench: Workbench, report: SweepReport, methods: int) -> float:
    """Of the dense network over the validation split; a backward pass counts as two forward."""
    total = len(bench.splits.validation)
    samples = 3 * min(SAMPLES, total) * methods
    samples += min(MOMENT_SAMPLES, len(bench.splits.calibration))
    executed = report.executed / bench.manifest.macs if bench.manifest.macs else 0.0
    return (samples + executed) / total


def _grid_passes(bench: Workbench, wanted: Sequence[Point]) -> float:
    behind = suffix_macs(bench.manifest)
    return 1 + sum(behind(point.subject) for point in wanted) / max(bench.manifest.macs, 1)
