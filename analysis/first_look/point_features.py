"""What is known of points before they are measured: by a gradient, or by a few samples."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from torch import Tensor

from prunescope.bench.pruned import PruningMasks
from prunescope.bench.workbench import Workbench
from prunescope.criteria.scores import Scores
from prunescope.errors import CannotPrune
from prunescope.first_look.look_law import SAMPLED, Features
from prunescope.first_look.margin_changes import margin_divergences
from prunescope.recovery.least_squares.refit import output_error
from prunescope.study.point import Point

_UNKNOWN: Final = -2.0
"""Logarithm of the change of a layer's outputs where no rule gives its moments."""


def unit_features(divergences: Mapping[Point, float]) -> Features:
    """Return the features of units, from the logarithm of their divergence on a few samples."""
    numbers: dict[tuple[str, str, int], int] = {}
    for point in divergences:
        numbers.setdefault(_curve(point), len(numbers))
    return Features(
        np.array([numbers[_curve(point)] for point in divergences]),
        np.array([*divergences.values()]),
        np.zeros(len(divergences)),
        SAMPLED,
    )


def weight_features(bench: Workbench, wanted: Sequence[Point]) -> tuple[Features, int]:
    """Return the features of weights, and how many backward passes these took."""
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
            curves.setdefault(_curve(point), len(curves))
        margin |= margin_divergences(bench, masks)
    own = [curves[_curve(point)] for point in wanted]
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


def _curve(point: Point) -> tuple[str, str, int]:
    return point.subject, str(point.method), point.seed
