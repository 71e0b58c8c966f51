"""First looks against exact curves: how far predictions are off, and what their intervals hold.

    python -m benchmarks.first_look                        # the samples: look, then sweep the rest
    python -m benchmarks.first_look --exact STUDY …        # against studies that are swept exactly
    python -m benchmarks.first_look --unseen CACHE --seed 3    # networks of benchmarks.unseen
    python -m benchmarks.first_look --method l1@channel        # units in place of weights

Magnitude at weight granularity, without recovery. Points that the look measured itself do not
count. Columns:

* ``anchors``, ``passes``, ``of the grid``: points measured, the cost of all of it in passes of the
  dense network over the validation split, and that of an exact sweep by replay;
* ``told``: the mean error that the look states, from its own points, of drops up to 5 points;
  ``error``, ``p90``, ``bias``: what it really is, and of predicted less measured;
* ``covered``, ``to 5 points``: share of 95 % intervals that hold the measured drop, of all points
  and of those with drops up to 5 points; ``half``: half of these intervals' width;
* ``one step``: share of layers whose largest sparsity within 2 points is at most a step off.
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import torch

from benchmarks._images import first_samples
from benchmarks._unseen_networks import draw, trained
from benchmarks._unseen_plans import bench_of
from prunescope.bench.workbench import Workbench, prepare
from prunescope.finding.guess import last_within
from prunescope.first_look.first_look import first_look
from prunescope.progress import Silent
from prunescope.store.folder import StudyFolder
from prunescope.study import Grid, Method, Reference, parse_methods, parse_sparsities
from prunescope.sweep.runner import sweep

SAMPLES: Final = ("resnet20", "lenet5", "mobilenet", "vit")
LIMIT: Final = 0.02
SMALL: Final = 0.05
_WHOLE: Final = 0.6
"""Share of the samples at which a stored point counts as exact: some studies stopped at 4,096."""
COLUMNS: Final = (
    "network", "layers", "samples", "anchors", "passes", "of the grid", "told", "error", "p90",
    "bias", "covered", "to 5 points", "half", "one step", "seconds",
)  # fmt: skip


def main() -> None:
    """Print one row per network, and the means."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--exact", type=Path, nargs="*", default=[])
    parser.add_argument("--unseen", type=Path)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--networks", nargs="*", default=list(SAMPLES))
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--method", default="magnitude")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    print("| " + " | ".join(COLUMNS) + " |\n" + "|---" * len(COLUMNS) + "|", flush=True)
    rows: list[list[float]] = []
    with tempfile.TemporaryDirectory() as folder:
        for name, bench, exact in _cases(asked):
            row = _row(name, bench, exact, Path(folder) / f"{len(rows)}", asked.method)
            if row is None:
                continue
            rows.append(row)
            print(_line(name, row), flush=True)
    if len(rows) > 1:
        print(_line("**mean**", list(np.nanmean(np.array(rows), 0))))


def _cases(asked: argparse.Namespace) -> Iterator[tuple[str, Workbench, StudyFolder | None]]:
    if asked.unseen is not None:
        for drawn in draw(asked.seed, 30):
            folder = asked.unseen / drawn.name
            leaves = "weight" if Method.parse(asked.method).granularity == "weight" else "channel"
            if drawn.leaves == leaves and (folder / "study.json").exists():
                bench = bench_of(drawn, trained(drawn, asked.unseen / "weights"))
                name = f"{drawn.name} {drawn.kind}, {drawn.classes}"
                yield name, bench, StudyFolder.open(folder)
    elif asked.exact:
        for path in asked.exact:
            exact = StudyFolder.open(path)
            yield path.name, prepare(exact.manifest.reference, path), exact
    else:
        for name in asked.networks:
            bench = prepare(Reference(f"sample:{name}", "sample:fashion-mnist"))
            yield name, first_samples(bench, asked.images), None


def _row(
    name: str, bench: Workbench, exact: StudyFolder | None, folder: Path, named: str
) -> list[float] | None:
    study = StudyFolder.create(folder, bench.manifest)
    grid = Grid(parse_methods(named), parse_sparsities("0.1:0.9:0.1"))
    method = grid.methods[0]
    if exact is not None:
        exact.require(bench.manifest)
        stored = exact.measured()
        stored = stored[(stored["criterion"] == method.criterion) & (stored["recovery"] == "none")]
        sparsities = tuple(sorted(map(float, stored["sparsity"].unique())))
        grid = Grid(parse_methods(named), sparsities)
    report = first_look(bench, study, grid, Silent())
    if report.stopped:
        print(f"{name}: too few points could be measured.")
        return None
    anchors = set(study.measured()[["subject", "sparsity"]].itertuples(index=False, name=None))
    if exact is None:
        sweep(bench, study, grid, Silent())
    frame = (exact or study).measured()
    frame = frame[
        (frame["criterion"] == method.criterion) & (frame["granularity"] == method.granularity)
        & (frame["recovery"] == "none") & (frame["samples"] >= _WHOLE * len(bench.dense.score))
    ]  # fmt: skip
    keys = frame[["subject", "sparsity"]].itertuples(index=False, name=None)
    drops = dict(zip(keys, frame["drop_sum"] / frame["samples"], strict=True))
    compared = [
        (p.drop, drops[p.subject, p.sparsity], p.low, p.high)
        for p in report.predictions
        if (p.subject, p.sparsity) in drops.keys() - anchors
    ]
    predicted, real, low, high = np.array(compared).T
    small = real <= SMALL
    inside = (low - 1e-12 <= real) & (real <= high + 1e-12)
    off = predicted - real
    steps = []
    for subject in {p.subject for p in report.predictions}:
        own = [p for p in report.predictions if p.subject == subject]
        own = [p for p in own if (subject, p.sparsity) in drops]
        if own:
            guess = last_within(np.array([p.drop for p in own]), LIMIT)
            truth = last_within(np.array([drops[subject, p.sparsity] for p in own]), LIMIT)
            steps.append(abs(guess - truth) <= 1)
    return [
        len(bench.manifest.layers), len(bench.dense.score), report.anchors, report.passes,
        report.grid_passes, 100 * report.error, 100 * np.abs(off[small]).mean(),
        100 * np.quantile(np.abs(off[small]), 0.9), 100 * off[small].mean(), inside.mean(),
        inside[small].mean(), 50 * (high - low)[small].mean(), np.mean(steps), report.seconds,
    ]  # fmt: skip


def _line(name: str, row: list[float]) -> str:
    whole = [f"{value:.0f}" for value in row[:3]]
    rest = [f"{value:.2f}" for value in row[3:-1]]
    return f"| {name} | " + " | ".join([*whole, *rest, f"{row[-1]:.0f}"]) + " |"


if __name__ == "__main__":
    main()
