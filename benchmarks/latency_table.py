"""Predicted against measured time of random plans, for each sample model and runtime.

    python -m benchmarks.latency_table --keep FOLDER                  # measure what is lacking
    python -m benchmarks.latency_table --keep FOLDER lenet5           # one model
    python -m benchmarks.latency_table --keep FOLDER --plans 0        # print what is there

A latency table is measured within the budget as ``prunescope time STUDY`` does; then plans that
it has never seen (a sparsity of 0 to 0.9 for every group, in tenths) are predicted from it, and
really timed, in turns with the dense model. The error of time in proportion to
multiply-accumulates stands beside it. Both tables stay in the folder.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Final

import numpy as np
import torch

from prunescope.bench.workbench import prepare
from prunescope.latency.runtimes.registry import runtime_titled
from prunescope.latency.table.build import time_table, timed_rows
from prunescope.latency.table.choose_models import TimingProposal
from prunescope.latency.table.predict_time import LatencyTable, predict_latency, tables
from prunescope.latency.table.rows import LatencyRow, stored_rows, units_of
from prunescope.latency.table.smaller_models import Maker
from prunescope.progress import Silent
from prunescope.store.json_documents import read_document, write_document
from prunescope.store.parquet_table import rows_of
from prunescope.study import Manifest, Reference
from prunescope.study.network_size import shrunk
from prunescope.study.removed_counts import removed_units
from prunescope.text import units

MODELS: Final = ("mlp", "lenet5", "resnet20", "vit", "mobilenet")
SEED: Final = 2000
"""Of the plans; never the one that a design was tried on."""

_AT_ONCE: Final = 5
_GOAL: Final = (0.10, 0.90)
"""Most median error, least coverage."""


def plans_for(manifest: Manifest, count: int, seed: int = SEED) -> list[dict[str, int]]:
    """Return random plans as units removed by group."""
    made = np.random.default_rng(seed)
    return [
        {g.name: removed_units(g.units, int(made.integers(0, 10)) / 10)
         for g in manifest.removable()}
        for _ in range(count)
    ]  # fmt: skip


def line(manifest: Manifest, table: LatencyTable, rows: list[LatencyRow]) -> dict[str, str]:
    """Return how far predictions from ``table`` are from ``rows``."""
    found = [predict_latency(manifest, table, units_of(row.units)) for row in rows]
    macs = [shrunk(manifest, units_of(row.units)).macs / manifest.macs for row in rows]
    real = np.array([row.ratio for row in rows])
    off = np.abs(np.array([each.ratio for each in found]) / real - 1)
    by_macs = np.abs(np.array(macs) / real - 1)
    inside = np.mean(
        [each.low <= row.ratio * each.dense_seconds <= each.high
         for each, row in zip(found, rows, strict=True)]
    )  # fmt: skip
    met = np.median(off) <= _GOAL[0] and inside >= _GOAL[1]
    return {
        "runtime": table.setting.runtime,
        "timed models": str(len(table.rows)),
        "plans": str(len(rows)),
        "speed-up of the plans": f"{1 / real.max():.1f} to {1 / real.min():.1f}×",
        "median error": units.percent(np.median(off)),
        "p90 error": units.percent(float(np.quantile(off, 0.9))),
        "said before": units.percent(found[0].error) if found[0].error is not None else "–",
        "90 % intervals hold": units.percent(float(inside), 0),
        "target met": "yes" if met else "no",
        "MACs: median error": units.percent(np.median(by_macs), 0),
        "spread of a timing": units.percent(
            np.median([(r.high - r.low) / r.ratio for r in rows]), 1
        ),
    }


def measure(name: str, plans: int, budget: float, batch: int, folder: Path) -> None:
    """Time a table and the plans of one sample model, unless they are there."""
    held_out = stored_rows(folder / "held-out")
    if plans <= 0 or len(held_out.read()):
        return
    bench = prepare(Reference(f"sample:{name}", "sample:fashion-mnist"))
    write_document(folder / "study.json", bench.manifest)
    time_table(bench, stored_rows(folder), batch, 1, budget)
    assert bench.network.captured is not None
    maker = Maker(bench.network.captured, bench, batch, 1)
    wanted = [TimingProposal(units, "plan") for units in plans_for(bench.manifest, plans)]
    for table in tables(folder, bench.manifest):
        runtime = runtime_titled(table.setting.runtime)
        assert runtime is not None
        dense = maker.call(runtime, {})
        rows: list[LatencyRow] = []
        for start in range(0, plans, _AT_ONCE):
            part = wanted[start : start + _AT_ONCE]
            rows += timed_rows(maker, runtime, dense, part, Silent())
        held_out.append(rows)


def lines(name: str, folder: Path) -> list[dict[str, str]]:
    """Return a line for each runtime of a model that was measured."""
    if not (folder / "study.json").exists():
        return []
    manifest = read_document(Manifest, folder / "study.json")
    held_out = stored_rows(folder / "held-out")
    frame = held_out.read()
    found = []
    for table in tables(folder, manifest):
        rows = rows_of(held_out, frame[frame["runtime"] == table.setting.runtime])
        if rows:
            found.append({"model": name} | line(manifest, table, rows))
    return found


def main() -> None:
    """Measure what is lacking and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", default=list(MODELS))
    parser.add_argument("--plans", type=int, default=50)
    parser.add_argument("--budget", type=float, default=200.0)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_args([] if sys.argv[0].endswith("benchmarks/__main__.py") else None)
    torch.set_num_threads(1)
    headed = False
    for name in asked.models:
        with tempfile.TemporaryDirectory() as scratch:
            folder = asked.keep / name if asked.keep else Path(scratch)
            measure(name, asked.plans, asked.budget, asked.batch, folder)
            for each in lines(name, folder):
                if not headed:
                    print(f"| {' | '.join(each)} |\n|{'---|' * len(each)}")
                    headed = True
                print(f"| {' | '.join(each.values())} |", flush=True)


if __name__ == "__main__":
    main()
