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
  counts as covered only if every chunk's interval covers, in the study's order of the first 4,096
  samples, whose logits are stored and whose mean is the truth of this smaller split;
* ``orders``: the same over 200 other orders of these samples, all points: those of a network share
  an order, so they are covered or missed together.
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

from benchmarks.sweep_settled import POLICIES, answers, covered, wrong
from prunescope.arrays import Floats
from prunescope.bench.workbench import Workbench, prepare
from prunescope.errors import CannotPrune
from prunescope.progress import Silent
from prunescope.store.folder import StudyFolder
from prunescope.store.measurements import Measurement
from prunescope.store.parquet_table import rows_of
from prunescope.study import Grid, Method, Reference, parse_sparsities
from prunescope.study.point import Point
from prunescope.sweep.naive_sweep import measure
from prunescope.sweep.runner import sweep
from prunescope.sweep.work_list import points

MODELS: Final = ("sample:resnet20", "sample:mobilenet", "sample:vit")
COLUMNS: Final = (
    "model", "mode", "points", "samples", "time", "cpu", "partial", "wrong", "covered",
    "orders",
)  # fmt: skip
_EVERY: Final = 6
_ORDERS: Final = 200


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
    taken: dict[str, tuple[Floats, dict[Point, Measurement]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for mode, policy in POLICIES.items():
            study = StudyFolder.create(Path(folder) / mode, bench.manifest)
            seconds = _seconds(partial(sweep, bench, study, grid, Silent(), policy=policy))
            taken[mode] = (seconds, _rows(study, wanted))
        plain += _seconds(lambda: _plain(bench, wanted, _EVERY // 2))
        exact = StudyFolder.open(Path(folder) / "exact")
        truth = {p: row.drop_sum / row.samples for p, row in taken["exact"][1].items()}
        drops = answers(exact).drops
        always = {point: covered(drops[point]) for point in wanted}
    dice = np.random.default_rng(0)
    size = len(drops[wanted[0]])
    orders = np.mean(
        [[covered(drops[p][order]) for p in wanted]
         for order in (dice.permutation(size) for _ in range(_ORDERS))]
    )  # fmt: skip
    timed = len(wanted[::_EVERY]) + len(wanted[_EVERY // 2 :: _EVERY])
    population = len(bench.splits.validation)
    for mode, (seconds, rows) in taken.items():
        samples = sum(row.samples for row in rows.values()) / (population * len(wanted))
        partial_ones = [p for p, row in rows.items() if row.samples < population]
        held = np.mean([always[p] for p in partial_ones]) if partial_ones else float("nan")
        wall, cpu = seconds / (plain * len(wanted) / timed)
        print(
            name, mode, len(wanted), f"{samples:.3f}", f"{wall:.3f}", f"{cpu:.3f}",
            len(partial_ones), wrong(rows, truth, POLICIES[mode]), f"{held:.3f}",
            f"{orders:.3f}", sep=" | ", flush=True,
        )  # fmt: skip


def _seconds(call: Callable[[], object]) -> Floats:
    """Seconds of ``call`` on the wall's clock, and of the processor."""
    began, spent = time.perf_counter(), time.process_time()
    call()
    return np.array([time.perf_counter() - began, time.process_time() - spent])


def _plain(bench: Workbench, wanted: tuple[Point, ...], place: int) -> None:
    """The plain loop on every sixth point."""
    for _, row in measure(bench, wanted[place::_EVERY]):
        assert not isinstance(row, CannotPrune)


def _rows(study: StudyFolder, wanted: tuple[Point, ...]) -> dict[Point, Measurement]:
    stored = {row.key: row for row in rows_of(study.measurements, study.measured())}
    keys = {point: point.key(study.manifest) for point in wanted}
    return {point: stored[key] for point, key in keys.items() if key in stored}


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
