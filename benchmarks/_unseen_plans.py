"""What the table of unseen networks stands on: measured once in a cache, read again at will."""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from torch import nn

from benchmarks._methods import METHODS
from benchmarks._prediction_cases import SPARSITIES, random_plans, table_of
from benchmarks._unseen_networks import Drawn, data_of, trained
from prunescope.bench.workbench import Workbench, assemble, example_of
from prunescope.capture.network import build_network
from prunescope.curves.curve import Curves, curves
from prunescope.errors import BadValue, CannotPrune
from prunescope.planning.prediction import propose_verifications
from prunescope.progress import Silent
from prunescope.sources.data import Samples, Splits
from prunescope.sources.metrics import load_metric
from prunescope.store.folder import StudyFolder
from prunescope.store.json_documents import from_json
from prunescope.study import Grid, Method, Reference
from prunescope.study.plan import Plan
from prunescope.study.recoveries import RECOVERIES
from prunescope.sweep.runner import sweep
from prunescope.sweep.verify_plan import Verifier

CALIBRATION: Final = 9
NATS: Final = (0.005, 0.6)
"""Summed KL of random plans: wider than on the samples, as a nat costs little of many classes."""
DRAW: Final = "unseen"


@dataclass(frozen=True)
class Measured:
    """One network with one recovery, as the cache holds it.

    Attributes:
        drawn: The network.
        recovery: Of curves and plans.
        study: Its folder.
        curves: All of the study's.
        plans: Random plans, each with its measured row.
    """

    drawn: Drawn
    recovery: str
    study: StudyFolder
    curves: Curves
    plans: tuple[tuple[Plan, dict[Any, Any]], ...]


def measure(
    drawn: Drawn, cache: Path, plans: int, end: float, among: Sequence[str] = RECOVERIES
) -> None:
    """Train, sweep, verify calibration and random plans, as far as the cache lacks them.

    Every network gets ``plans`` random plans with each of its recoveries that is ``among`` those
    asked for. Stops at ``end``.
    """
    recoveries = tuple(name for name in drawn.recoveries if name in among)
    if time.monotonic() > end or _mark(cache / drawn.name, plans, recoveries).exists():
        return
    torch.set_num_threads(1)
    bench = bench_of(drawn, trained(drawn, cache / "weights"))
    grid = Grid(_methods(drawn), SPARSITIES[drawn.leaves], recoveries=recoveries)
    measure_on(bench, cache / drawn.name, grid, plans, drawn.seed, end)


def measure_on(
    bench: Workbench, folder: Path, grid: Grid, plans: int, seed: int, end: float
) -> None:
    """Sweep ``grid``, verify calibration plans and ``plans`` random ones of each recovery.

    What the study in ``folder`` holds already is not measured again. Stops at ``end``.
    """
    recoveries = grid.recoveries
    mark = _mark(folder, plans, recoveries)
    if mark.exists():
        return
    study = StudyFolder.create(folder, bench.manifest)
    sweep(bench, study, grid, Silent(), screening=False, deadline=None if math.isinf(end) else end)
    if time.monotonic() > end:
        return
    study = StudyFolder.open(folder)
    known = curves(study.measured(), study.manifest)
    verifier, drawn_plans = Verifier(bench), table_of(folder, DRAW)
    for recovery in recoveries:
        try:
            proposed = propose_verifications(study.manifest, known, CALIBRATION, recovery)
        except BadValue:
            continue
        random = tuple(random_plans(study.manifest, known, plans, recovery, seed, NATS))
        for table, wanted in ((study.verifications, proposed), (drawn_plans, random)):
            stored = set(table.read()["digest"])
            for plan in wanted:
                if time.monotonic() > end:
                    return
                if plan.digest not in stored:
                    try:
                        table.append([verifier.measure(plan)])
                    except CannotPrune:
                        continue
            table.compact()
    mark.touch()


def _mark(folder: Path, plans: int, recoveries: Sequence[str]) -> Path:
    """The file that says that all of it was measured."""
    return folder / f"measured-{plans}-{'-'.join(recoveries)}"


def bench_of(drawn: Drawn, network: nn.Module) -> Workbench:
    """Return the workbench of a network on its data."""
    parts = {name: Samples(*map(torch.from_numpy, split)) for name, split in data_of(drawn).items()}
    splits = Splits(parts["calibration"], parts["validation"], parts["test"])
    captured = build_network(network, example_of(splits.calibration))
    reference = Reference(f"unseen:{drawn.name}", f"unseen:{drawn.source}")
    return assemble(reference, captured, splits, load_metric("top-1", True))


def _methods(drawn: Drawn) -> tuple[Method, ...]:
    """What leaves the network."""
    if drawn.leaves == "weight":
        return METHODS["weight"]
    heads = drawn.kind == "attention"
    return tuple(m for m in METHODS["channel"] if heads or m.granularity != "head")


def read(drawn: Drawn, cache: Path) -> Iterator[Measured]:
    """Yield what the cache holds of a network's random plans, one recovery at a time."""
    yield from of_recoveries(drawn, cache, DRAW)


def of_recoveries(drawn: Drawn, cache: Path, table: str) -> Iterator[Measured]:
    """Yield what the cache's ``table`` holds of a network, one recovery at a time."""
    folder = cache / drawn.name
    if not (folder / "study.json").exists():
        return
    study = StudyFolder.open(folder)
    known = curves(study.measured(), study.manifest)
    rows = table_of(folder, table).read().to_dict("records")
    pairs = [(from_json(Plan, row["plan"], "a drawn plan"), row) for row in rows]
    for recovery in drawn.recoveries:
        own = tuple(pair for pair in pairs if pair[0].recovery == recovery)
        if own:
            yield Measured(drawn, recovery, study, known, own)
