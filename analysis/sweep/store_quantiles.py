"""Compute and store the score quantiles of every layer, once per study."""

import numpy as np
from torch import Tensor

from prunescope.arrays import Floats
from prunescope.bench.device import on_host
from prunescope.bench.workbench import Workbench
from prunescope.criteria.scores import Scores
from prunescope.errors import CannotPrune
from prunescope.store.folder import StudyFolder
from prunescope.store.rows_of_study import own_rows
from prunescope.store.score_quantiles import STEPS, QuantileRow, quantiles
from prunescope.study import MEASUREMENT_VERSION


def store_quantiles(bench: Workbench, study: StudyFolder) -> None:
    """Write the quantiles of magnitude and LAMP score of all layers and groups, unless known.

    Weights are scored by magnitude, units by the L1 norm of their weights.
    """
    table = quantiles(study.folder)
    if len(own_rows(table.read(), bench.manifest)):
        return
    scores = Scores(bench.network, bench.splits.calibration, bench.groups, bench.loss)
    rows: list[QuantileRow] = []
    by_parameter = scores.by_parameter("magnitude")
    for layer in bench.network.prunable():
        score = by_parameter[layer.parameter]
        rows += _rows(bench.manifest.fingerprint, layer.name, "weight", score)
    try:
        by_group = scores.by_group("l1")
    except CannotPrune:
        by_group = {}
    for group in bench.manifest.removable():
        if group.name in by_group:
            rows += _rows(
                bench.manifest.fingerprint, group.name, group.granularity, by_group[group.name]
            )
    table.append(rows)


def lamp(scores: Floats) -> Floats:
    """Return the LAMP score of each of ``scores`` (magnitudes), in ascending order of magnitude.

    ``w_u^2`` over the sum of ``w_v^2`` of all ``v`` that are at least as large, itself counted.

    Source: Lee et al. 2021 (arXiv 2010.07611), section 3.
    """
    squares = np.sort(np.asarray(scores, float)) ** 2
    rest = np.cumsum(squares[::-1])[::-1]
    return np.asarray(np.divide(squares, rest, out=np.zeros_like(squares), where=rest > 0))


def _rows(fingerprint: str, name: str, granularity: str, score: Tensor) -> list[QuantileRow]:
    values = on_host(score).double().abs().flatten().numpy()
    shares = np.linspace(0, 1, STEPS + 1)
    return [
        QuantileRow(
            fingerprint, MEASUREMENT_VERSION, name, granularity, kind, step, float(value)
        )
        for kind, values_of_kind in (("magnitude", np.sort(values)), ("lamp", lamp(values)))
        for step, value in enumerate(np.quantile(values_of_kind, shares))
    ]  # fmt: skip
