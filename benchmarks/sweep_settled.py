"""What settling points early spares, from the answers that an exact sweep stored: no evaluation.

    python -m benchmarks.sweep_settled                        # sweeps sample:mlp first
    python -m benchmarks.sweep_settled STUDY …                # exactly swept before

Every mode's decisions are made again, round by round, on the stored answers of every sample.
Columns:

* ``samples``: evaluated samples against all of them for every point;
* ``MACs``: of replay's suffixes and dense passes against the plain loop's: what the time follows;
* ``partial``, ``wrong`` and ``covered``: as in ``sweep_adaptive``, which measures the time too.

Logits are stored of the first 4,096 samples; of a larger study these count as all there are.
"""

import argparse
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import torch

from prunescope.arrays import Floats
from prunescope.bench.workbench import prepare
from prunescope.progress import Silent
from prunescope.statistics.confidence_sequence import drop_half_widths
from prunescope.store.folder import StudyFolder
from prunescope.store.measurements import Measurement
from prunescope.store.parquet_table import rows_of
from prunescope.study import Grid, Method, Reference, looks, parse_sparsities
from prunescope.study.point import Point
from prunescope.sweep.runner import sweep
from prunescope.sweep.stopping_policy import LIMIT, Policy

POLICIES: Final = {
    "adaptive": Policy("adaptive"),
    "decide": Policy("decide", limit=LIMIT),
    "decide, each": Policy("decide", limit=LIMIT, monotone=False),
    "exact": Policy("exact"),
}
COLUMNS: Final = (
    "study", "mode", "points", "images", "samples", "MACs", "partial", "wrong", "covered",
)  # fmt: skip


@dataclass(frozen=True)
class Answers:
    """What an exact sweep found, sample by sample in the study's order.

    Attributes:
        rows: Of each point, with all samples.
        drops: Likewise, the difference of the score of each sample.
        behind: Share of the dense network's multiply-accumulates from each point's layer on.
    """

    rows: Mapping[Point, Measurement]
    drops: Mapping[Point, Floats]
    behind: Mapping[Point, float]

    @property
    def population(self) -> int:
        """How many samples there are."""
        return min(len(each) for each in self.drops.values())

    def seen(self, point: Point, samples: int) -> Measurement:
        """Return the row of ``point`` after ``samples`` of the order."""
        drops = self.drops[point][:samples]
        return replace(
            self.rows[point], samples=samples, population=self.population,
            drop_sum=float(drops.sum()), drop_squares=float((drops**2).sum()),
        )  # fmt: skip


def main() -> None:
    """Print one row per study and mode."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("studies", nargs="*", type=Path)
    folders = parser.parse_args().studies
    print(*COLUMNS, sep=" | ", flush=True)
    with tempfile.TemporaryDirectory() as made:
        for folder in folders or [_swept(Path(made) / "mlp")]:
            for row in _rows(folder.name, answers(StudyFolder.open(folder))):
                print(*row, sep=" | ", flush=True)


def _swept(folder: Path) -> Path:
    torch.set_num_threads(1)
    bench = prepare(Reference("sample:mlp", "sample:fashion-mnist"))
    grid = Grid((Method("magnitude"),), parse_sparsities("0.1:0.9:0.1"))
    sweep(bench, StudyFolder.create(folder, bench.manifest), grid, Silent())
    return folder


def answers(study: StudyFolder) -> Answers:
    """Return what ``study`` stores of all its points without recovery that saw every sample."""
    behind, left = {}, sum(layer.macs for layer in study.manifest.layers)
    for layer in study.manifest.layers:
        behind[layer.name] = left / study.manifest.macs
        left -= layer.macs
    rows = {
        Point(r.subject, Method(r.criterion, r.granularity), r.sparsity, r.recovery, r.seed): r
        for r in rows_of(study.measurements, study.measured())
        if r.samples == r.population and r.recovery == "none" and r.subject in behind
    }
    first = next(iter(rows.values()))
    dense_key = (*first.key[:2], "", "", "", 0.0, "none", 0)
    found = study.logits.read_many([*(row.key for row in rows.values()), dense_key])
    targets = study.logits.targets()
    assert targets is not None
    dense = found[dense_key].argmax(1)
    right = (dense == targets[: len(dense)]).astype(float)
    drops = {p: right - (found[r.key].argmax(1) == targets[: len(dense)]) for p, r in rows.items()}
    return Answers(rows, drops, {point: behind[point.subject] for point in rows})


def settle(known: Answers, policy: Policy) -> dict[Point, int]:
    """Return how many samples of each point ``policy`` asks for, round by round."""
    wanted, population = tuple(known.rows), known.population
    if policy.mode == "exact":
        return dict.fromkeys(wanted, population)
    stand = dict.fromkeys(wanted, 0)
    while True:
        rows = {point: known.seen(point, n) for point, n in stand.items() if n}
        todo = policy.unsettled(wanted, rows, population)
        if not todo:
            return stand
        start = stand[todo[0]]
        end = next(end for end in looks(population) if end > start)
        stand |= {point: end for point in todo if stand[point] == start}


def wrong(known: Mapping[Point, Measurement], truth: Mapping[Point, float], policy: Policy) -> int:
    """Return how many points are decided on another side of the limit than their exact drop.

    By their own interval or, where the policy uses monotonicity, by a smaller sparsity's.
    """
    count = 0
    past: set[tuple[str, Method]] = set()
    for point, row in sorted(known.items(), key=lambda pair: pair[0].sparsity):
        n, drop = row.samples, row.drop_sum / row.samples
        half = float(drop_half_widths(n, row.population, row.drop_sum, row.drop_squares))
        above, below = drop - half > LIMIT, drop + half <= LIMIT
        curve = point.subject, point.method
        if not below and n < row.population and policy.limit is not None and policy.monotone:
            above |= curve in past
        if above:
            past.add(curve)
        count += (above and truth[point] <= LIMIT) or (below and truth[point] > LIMIT)
    return count


def covered(drops: Floats) -> bool:
    """Return whether the intervals of all looks at ``drops``, in order, hold their mean."""
    ends = np.array(looks(len(drops)))
    sums, squares = drops.cumsum()[ends - 1], (drops**2).cumsum()[ends - 1]
    half = drop_half_widths(ends, len(drops), sums, squares)
    return bool((np.abs(sums / ends - drops.mean()) <= half + 1e-12).all())


def _rows(name: str, known: Answers) -> Iterable[list[object]]:
    population = known.population
    truth = {point: float(drops.mean()) for point, drops in known.drops.items()}
    for mode, policy in POLICIES.items():
        stand = settle(known, policy)
        everything = population * len(stand)
        suffixes = sum(n * known.behind[point] for point, n in stand.items())
        partial = [point for point, n in stand.items() if n < population]
        held = [covered(known.drops[point]) for point in partial]
        yield [
            name, mode, len(stand), population, f"{sum(stand.values()) / everything:.3f}",
            f"{(suffixes + max(stand.values())) / everything:.3f}", len(partial),
            wrong({p: known.seen(p, n) for p, n in stand.items()}, truth, policy),
            f"{np.mean(held):.3f}" if held else "–",
        ]  # fmt: skip


if __name__ == "__main__":
    main()
