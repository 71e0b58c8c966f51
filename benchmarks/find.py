"""How near ``--mode find`` comes to the grid, and what it costs, over many orders of samples.

    python -m benchmarks.find --swept resnet20 vit   # sweeps these first, half an hour each
    python -m benchmarks.find STUDY … --orders 30    # exactly swept before, logits kept

Searches are made again on the stored answers of every sample, none is evaluated. A random part of
the samples counts as all there are, so that each order has its own truth: the last sparsity before
the first mean drop past the limit. Columns:

* ``equal``, ``within one``: share of layers whose estimate is the truth, or a step of the grid off;
* ``cost``: multiply-accumulates of suffixes, walks and one dense pass, against the exact grid's by
  replay; ``plain``: against the plain loop's;
* ``certified one``: share of layers whose certified sparsity is at most a step below the truth;
  ``past``: whose mean drop is past the limit; ``its cost``: estimate and certificate together.

Prefixes are counted as one dense pass of the samples of each walk. Logits are stored of the first
4,096 samples.
"""

import argparse
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks._images import first_samples
from prunescope.arrays import Floats
from prunescope.bench.workbench import prepare
from prunescope.finding.find import LEAST, SHARE
from prunescope.finding.guess import last_within
from prunescope.finding.purse import Purse
from prunescope.finding.search import Place, Search
from prunescope.finding.strata import drawn, strata
from prunescope.finding.stratified import Seen
from prunescope.progress import Silent
from prunescope.store.folder import StudyFolder
from prunescope.store.parquet_table import rows_of
from prunescope.study import Grid, Reference, looks, parse_methods, parse_sparsities
from prunescope.study.method import UNITS
from prunescope.sweep.runner import sweep
from prunescope.sweep.work_behind import suffix_macs

STORED: Final = 4096
"""Samples of which a study keeps logits: more need not be measured for this."""
LIMITS: Final = (0.005, 0.01, 0.02, 0.05)
COLUMNS: Final = (
    "study", "granularity", "samples", "limit", "equal", "within one", "cost", "plain",
    "certified one", "past", "its cost",
)  # fmt: skip


@dataclass(frozen=True)
class Answers:
    """What an exact sweep stored of one granularity, sample by sample.

    Attributes:
        name: Of the study, and of the granularity.
        margins: ``(n,)`` of the dense network.
        drops: Of each curve and sparsity, ``(n,)``.
        divergences: Likewise.
        behind: Share of the network behind each curve's layer.
        units: Whether whole units leave.
    """

    name: str
    margins: Floats
    drops: Sequence[Mapping[float, Floats]]
    divergences: Sequence[Mapping[float, Floats]]
    behind: Sequence[float]
    units: bool


def answers(study: StudyFolder, granularity: str) -> Answers | None:
    """Return what ``study`` stores of a granularity without recovery, or None."""
    rows = [
        row for row in rows_of(study.measurements, study.measured())
        if row.granularity == granularity and row.recovery == "none" and row.samples > 1000
    ]  # fmt: skip
    if not rows:
        return None
    dense_key = (*rows[0].key[:2], "", "", "", 0.0, "none", 0)
    stored = study.logits.read_many([*(row.key for row in rows), dense_key])
    count = min(map(len, stored.values()))
    labels = study.logits.targets()
    assert labels is not None
    labels = labels[:count]
    dense = _normal(stored[dense_key][:count])
    own = dense[np.arange(count), labels]
    others = dense.copy()
    others[np.arange(count), labels] = -np.inf
    right = (dense.argmax(1) == labels).astype(float)
    behind = suffix_macs(study.manifest)
    drops: dict[tuple[str, str], dict[float, Floats]] = {}
    apart: dict[tuple[str, str], dict[float, Floats]] = {}
    for row in rows:
        pruned = _normal(stored[row.key][:count])
        curve = (row.subject, row.criterion)
        drops.setdefault(curve, {})[row.sparsity] = right - (pruned.argmax(1) == labels)
        change = (np.exp(dense) * (dense - pruned)).sum(1)
        apart.setdefault(curve, {})[row.sparsity] = np.maximum(change, 0.0)
    return Answers(
        study.folder.name, np.abs(own - others.max(1)), list(drops.values()), list(apart.values()),
        [behind(subject) / study.manifest.macs for subject, _ in drops], granularity in UNITS,
    )  # fmt: skip


def searched(known: Answers, samples: int, limit: float, seed: int) -> dict[str, float]:
    """Return one search's row: what it found against the truth, and its costs."""
    rows = np.random.default_rng(seed).permutation(len(known.margins))[:samples]
    cut = strata(known.margins[rows], samples)
    ends = looks(samples)
    order = drawn(cut, ends, seed)
    grids = [sorted(curve) for curve in known.drops]
    purse = Purse(known.behind, list(map(len, grids)), [known.units] * len(grids), samples)
    search = Search(grids, limit, purse=purse)
    spent = float(samples)

    def measure(places: Sequence[Place], end: int) -> None:
        nonlocal spent
        for start, stop in zip((0, *ends), ends, strict=False):
            behind = [
                place for place in places
                if (search.seen[place].samples if place in search.seen else 0) == start < end
            ]  # fmt: skip
            chunk = order[start:stop]
            spent += len(chunk) * bool(behind)
            for curve, place in behind:
                sparsity = grids[curve][place]
                before = search.seen.get((curve, place)) or Seen.nothing(cut)
                search.seen[curve, place] = before.with_samples(
                    cut.of[chunk],
                    known.drops[curve][sparsity][rows[chunk]],
                    known.divergences[curve][sparsity][rows[chunk]],
                )
                spent += len(chunk) * known.behind[curve]

    last = next(end for end in ends if end >= min(samples, max(LEAST, samples / SHARE)))
    search.estimate([end for end in ends if end <= last], measure)
    search.settle([end for end in ends if end > last], measure)
    estimates, after = np.array(search.answers()), spent
    means = [
        np.array([curve[s][rows].mean() for s in grid])
        for curve, grid in zip(known.drops, grids, strict=True)
    ]
    truth = np.array([last_within(own, limit) for own in means])
    stands = search.certify(ends, measure)
    sure = np.array([stands[curve] for curve in range(len(grids))])
    past = [
        place >= 0 and own[place] > limit + 1e-9 for place, own in zip(sure, means, strict=True)
    ]
    exact = samples * (1 + sum(b * len(g) for b, g in zip(known.behind, grids, strict=True)))
    plain = samples * sum(map(len, grids))
    return {
        "equal": float((estimates == truth).mean()),
        "within one": float((np.abs(estimates - truth) <= 1).mean()),
        "cost": after / exact,
        "plain": after / plain,
        "certified one": float((np.abs(sure - truth) <= 1).mean()),
        "past": float(np.mean(past)),
        "its cost": spent / exact,
    }


def main() -> None:
    """Print one row per study, granularity, number of samples and limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("studies", nargs="*", type=Path)
    parser.add_argument("--swept", nargs="+", default=[], metavar="SAMPLE")
    parser.add_argument("--orders", type=int, default=30)
    parser.add_argument("--samples", type=int, nargs="*", default=[4000, 2000, 1000])
    asked = parser.parse_args()
    print("| " + " | ".join(COLUMNS) + " |\n" + "|---" * len(COLUMNS) + "|")
    with tempfile.TemporaryDirectory() as folder:
        names = asked.swept or ([] if asked.studies else ["resnet20"])
        swept = (_swept(Path(folder), name) for name in names)
        for path in (*asked.studies, *swept):
            for granularity in ("weight", "channel", "head"):
                known = answers(StudyFolder.open(path), granularity)
                for row in [] if known is None else _rows(known, granularity, asked):
                    print("| " + " | ".join(map(str, row)) + " |", flush=True)


def _rows(known: Answers, granularity: str, asked: argparse.Namespace) -> Iterable[list[object]]:
    for samples in asked.samples:
        if samples > len(known.margins):
            continue
        for limit in LIMITS:
            each = [searched(known, samples, limit, seed) for seed in range(asked.orders)]
            means = {name: np.mean([one[name] for one in each]) for name in each[0]}
            yield [known.name, granularity, samples, f"{100 * limit:g} pt"] + [
                f"{value:.3f}" for value in means.values()
            ]


def _swept(folder: Path, name: str) -> Path:
    bench = prepare(Reference(f"sample:{name}", "sample:fashion-mnist"))
    bench = first_samples(bench, STORED)
    study = StudyFolder.create(folder / name, bench.manifest)
    grid = Grid(parse_methods("magnitude,l2@channel"), parse_sparsities("0.05:0.95:0.05"))
    sweep(bench, study, grid, Silent())
    return study.folder


def _normal(logits: np.ndarray) -> Floats:
    rows = logits.astype(np.float64)
    return np.asarray(rows - np.logaddexp.reduce(rows, 1, keepdims=True), np.float64)


if __name__ == "__main__":
    main()
