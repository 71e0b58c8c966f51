"""Adaptive and deciding sweeps beside the plain loop of the same points: cost, errors, coverage.

    python -m benchmarks.sweep_adaptive                        # three sample models
    python -m benchmarks.sweep_adaptive sample:vit --layers 8

Every mode sweeps the same points on the whole validation split, through the runner with storing
and logits, by replay. Columns:

* ``samples``: evaluated samples against all of them for every point;
* ``time`` and ``cpu``: of the sweep against the plain loop (``naive.measure``) in seconds, and in
  processor seconds, which other programs on the machine disturb less. The loop is timed on every
  sixth point before the sweeps and on as many others after them, and scaled;
* ``partial``: points settled before every sample was seen;
* ``wrong``: points decided against 2 points of drop on the wrong side, by their own interval or,
  where the mode uses monotonicity, by a smaller sparsity's;
* ``covered``: intervals of partial points that hold the exact drop, with all their looks: a point
  counts as covered only if every chunk's interval covers.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from analysis.errors import CannotPrune
from analysis.progress import Silent
from analysis.sequences import drop_half_widths
from analysis.store.folder import Study
from analysis.store.measurements import Measurement
from analysis.store.tables import rows_of
from analysis.study import Grid, Method, Reference, parse_sparsities
from analysis.sweep.naive import measure
from analysis.sweep.points import Point, points
from analysis.sweep.policy import LIMIT, Policy
from analysis.sweep.runner import sweep
from analysis.workbench import Workbench, prepare

MODELS: Final = ("sample:resnet20", "sample:mobilenet", "sample:vit")
POLICIES: Final = {
    "adaptive": Policy("adaptive"),
    "decide": Policy("decide", limit=LIMIT),
    "decide, each": Policy("decide", limit=LIMIT, monotone=False),
    "exact": Policy("exact"),
}
COLUMNS: Final = (
    "model", "mode", "points", "samples", "time", "cpu", "partial", "wrong", "covered",
)  # fmt: skip
_EVERY: Final = 6


def main() -> None:
    """Print one row per model and mode."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", default=MODELS)
    parser.add_argument("--layers", type=int, default=4, help="Layers, evenly spread.")
    parser.add_argument("--method", default="magnitude")
    given = parser.parse_args()
    print(*COLUMNS, sep=" | ", flush=True)
    for name in given.models:
        _model(prepare(Reference(name, "sample:fashion-mnist")), name, given.layers, given.method)


def _model(bench: Workbench, name: str, layers: int, method: str) -> None:
    names = [layer.name for layer in bench.manifest.prunable()]
    chosen = tuple(names[i] for i in np.unique(np.linspace(0, len(names) - 1, layers).astype(int)))
    grid = Grid((Method(method),), parse_sparsities("0.1:0.9:0.1"), chosen)
    wanted = points(grid, bench.manifest)
    plain = _seconds(lambda: _plain(bench, wanted, 0))
    taken: dict[str, tuple[NDArray[np.float64], dict[Point, Measurement]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for mode, policy in POLICIES.items():
            study = Study.create(Path(folder) / mode, bench.manifest)
            seconds = _seconds(partial(sweep, bench, study, grid, Silent(), policy=policy))
            taken[mode] = (seconds, _rows(study, wanted))
        plain += _seconds(lambda: _plain(bench, wanted, _EVERY // 2))
        exact = Study.open(Path(folder) / "exact")
        truth = {p: row.drop_sum / row.samples for p, row in taken["exact"][1].items()}
        always = _covered(bench, exact, wanted)
    timed = len(wanted[::_EVERY]) + len(wanted[_EVERY // 2 :: _EVERY])
    population = len(bench.splits.validation)
    for mode, (seconds, rows) in taken.items():
        samples = sum(row.samples for row in rows.values()) / (population * len(wanted))
        partial_ones = [p for p, row in rows.items() if row.samples < population]
        covered = np.mean([always[p] for p in partial_ones]) if partial_ones else float("nan")
        wall, cpu = seconds / (plain * len(wanted) / timed)
        print(
            name, mode, len(wanted), f"{samples:.3f}", f"{wall:.3f}", f"{cpu:.3f}",
            len(partial_ones), _wrong(rows, truth, POLICIES[mode]), f"{covered:.3f}",
            sep=" | ", flush=True,
        )  # fmt: skip


def _seconds(call: Callable[[], object]) -> NDArray[np.float64]:
    """Seconds of ``call`` on the wall's clock, and of the processor."""
    began, spent = time.perf_counter(), time.process_time()
    call()
    return np.array([time.perf_counter() - began, time.process_time() - spent])


def _plain(bench: Workbench, wanted: tuple[Point, ...], place: int) -> None:
    """The plain loop on every sixth point."""
    for _, row in measure(bench, wanted[place::_EVERY]):
        assert not isinstance(row, CannotPrune)


def _rows(study: Study, wanted: tuple[Point, ...]) -> dict[Point, Measurement]:
    stored = {row.key: row for row in rows_of(study.measurements, study.measured())}
    keys = {point: point.key(study.manifest) for point in wanted}
    return {point: stored[key] for point, key in keys.items() if key in stored}


def _wrong(rows: dict[Point, Measurement], truth: dict[Point, float], policy: Policy) -> int:
    """Points decided on another side of the limit than that of the exact drop."""
    wrong = 0
    past: dict[str, float] = {}
    for point, row in sorted(rows.items(), key=lambda pair: pair[0].sparsity):
        n, drop = row.samples, row.drop_sum / row.samples
        half = float(drop_half_widths(n, row.population, row.drop_sum, row.drop_squares))
        above, below = drop - half > LIMIT, drop + half <= LIMIT
        if above:
            past.setdefault(point.subject, point.sparsity)
        follows = policy.limit is not None and policy.monotone and point.subject in past
        above = above or (follows and row.samples < row.population)
        wrong += (above and truth[point] <= LIMIT) or (below and truth[point] > LIMIT)
    return wrong


def _covered(bench: Workbench, exact: Study, wanted: tuple[Point, ...]) -> dict[Point, bool]:
    """Whether all looks at a point's stored answers cover what all of them say.

    The stored logits are replayed in the study's order: the first 4,096 samples, whose mean is
    the truth of this smaller split.
    """
    from analysis.study import doubling

    targets = exact.logits.targets()
    assert targets is not None
    dense_key = (bench.manifest.fingerprint, wanted[0].key(bench.manifest)[1], *_DENSE)
    found = exact.logits.read_many([*(p.key(bench.manifest) for p in wanted), dense_key])
    dense = found[dense_key].argmax(1)
    size = len(dense)
    right = (dense == targets[:size]).astype(float)
    ends = np.array(doubling(size))
    result = {}
    for point in wanted:
        values = found[point.key(bench.manifest)]
        drops = right - (values.argmax(1) == targets[:size])
        sums, squares = drops.cumsum()[ends - 1], (drops**2).cumsum()[ends - 1]
        half = drop_half_widths(ends, size, sums, squares)
        result[point] = bool((np.abs(sums / ends - drops.mean()) <= half + 1e-12).all())
    return result


_DENSE: Final = ("", "", "", 0.0, "none", 0)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
