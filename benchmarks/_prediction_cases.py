"""What the prediction table stands on: a sweep, calibration plans, and plans drawn at random."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks._images import first_images
from benchmarks._methods import METHODS, methods
from prunescope.bench.workbench import Workbench, prepare
from prunescope.curves.curve import Curves, curves
from prunescope.errors import CannotPrune
from prunescope.planning.prediction import propose_verifications
from prunescope.planning.prediction.plan_parts import parts_of
from prunescope.replay import choose_engine
from prunescope.replay.engine import order
from prunescope.store.folder import StudyFolder
from prunescope.store.measurements import VERIFICATION_KEY, Verification
from prunescope.store.parquet_table import Table
from prunescope.study import Grid, Manifest, Reference, sparsity
from prunescope.study.plan import Choice, Plan
from prunescope.study.point import dense_key
from prunescope.study.recoveries import RECOVERIES
from prunescope.sweep.row import measurement
from prunescope.sweep.verify_plan import Verifier
from prunescope.sweep.work_list import missing_points, points

MODELS: Final = ("mlp", "lenet5", "resnet20", "vit", "mobilenet")
SPARSITIES: Final = {
    "weight": (0.3, 0.5, 0.7, 0.8, 0.9, 0.95),
    "channel": (0.125, 0.25, 0.375, 0.5, 0.625, 0.75),
}
CALIBRATION: Final = 16
SAMPLES: Final = {"mlp": 2000, "lenet5": 2000}
"""Validation images; 1,000 for the others."""

DRAWS: Final = {"held-out": 20261125, "practice": 1}
"""Folder → seed. Designs may be chosen by the practice plans, never by the held-out ones."""

REDRAWN: Final = {"mlp": 20261126}
"""Model → seed of its held-out plans, where the first ones had served to choose a design."""

NATS: Final = (0.004, 0.25)
"""Least and most summed KL of the parts of a random plan."""

IMAGES: Final = {"calibration": 512, "test": 10}


@dataclass(frozen=True)
class Case:
    """A sample model, what leaves, and the recovery."""

    model: str
    granularity: str
    recovery: str

    def __str__(self) -> str:
        return f"{self.model}-{self.granularity}-{self.recovery}"

    @property
    def samples(self) -> int:
        """Validation images that it is measured on."""
        return SAMPLES.get(self.model, 1000)


def cases() -> tuple[Case, ...]:
    """Return every case; those without batch norm have nothing to do for ``bn``."""
    return tuple(
        Case(model, granularity, recovery)
        for model in MODELS
        for recovery in RECOVERIES
        for granularity in METHODS
        if recovery != "bn" or model in ("resnet20", "mobilenet")
    )


def table_of(folder: Path, draw: str) -> Table:
    """Kept apart from the study's verifications, so that nothing can learn from them."""
    return Table(folder / draw, Verification, VERIFICATION_KEY)


def measure(
    case: Case, cache: Path, plans: int, end: float, draw: str = "held-out", images: int = 0
) -> None:
    """Sweep, verify the calibration plans, measure the drawn plans; stop at ``end``.

    All of it on ``images`` validation images, as many as the case names by default.
    """
    images = images or case.samples
    study = cache / str(case)
    drawn = table_of(study, draw)
    if (study / "study.json").exists() and len(drawn.read()) >= plans:
        return
    counts = IMAGES | {"validation": images}
    data = first_images(cache / f"images-{images}.npz", counts)
    bench = prepare(Reference(f"sample:{case.model}", str(data)))
    opened = StudyFolder.create(study, bench.manifest)
    grid = Grid(
        methods(case.granularity, bench.manifest),
        SPARSITIES[case.granularity],
        recoveries=(case.recovery,),
    )
    if not _swept(bench, opened, grid, end):
        return
    known = curves(opened.measured(), opened.manifest)
    verifier = Verifier(bench)
    proposed = propose_verifications(opened.manifest, known, CALIBRATION, case.recovery)
    seed = REDRAWN.get(case.model, DRAWS[draw]) if draw == "held-out" else DRAWS[draw]
    random = tuple(random_plans(opened.manifest, known, plans, case.recovery, seed))
    for table, wanted in ((opened.verifications, proposed), (drawn, random)):
        stored = set(table.read()["digest"])
        for plan in wanted:
            if plan.digest in stored:
                continue
            if time.monotonic() > end:
                return
            table.append([verifier.measure(plan)])
        table.compact()


def _swept(bench: Workbench, study: StudyFolder, grid: Grid, end: float) -> bool:
    """Measure each missing point on all samples; False when time is up before all are."""
    todo = missing_points(points(grid, study.manifest), study.measured(), study.manifest)
    if not todo:
        return True
    engine = choose_engine(bench)
    count = len(bench.splits.validation)
    picked = bench.splits.validation.picked(order(bench))
    assert picked.targets is not None
    study.logits.write_targets(picked.targets.numpy())
    recovery = grid.recoveries[0]
    dense = engine.dense(recovery, 0, count)
    assert dense.log_probabilities is not None
    key = dense_key(bench.manifest, recovery)
    study.logits.append(key, 0, dense.log_probabilities.numpy())
    for point, outcome in engine.outcomes(0, count, todo):
        if isinstance(outcome, CannotPrune) or outcome.log_probabilities is None:
            continue
        row = measurement(bench, point, engine.about(point), dense, outcome, picked.targets)
        study.logits.append(row.key, 0, outcome.log_probabilities.numpy())
        study.measurements.append([row])
        if time.monotonic() > end:
            return False
    study.logits.compact()
    study.measurements.compact()
    return True


def random_plans(
    manifest: Manifest,
    known: Curves,
    count: int,
    recovery: str,
    seed: int,
    nats: tuple[float, float] = NATS,
) -> Iterator[Plan]:
    """Yield ``count`` plans of random parts at random sparsities, scaled so many lose little.

    Nothing about them is chosen: which subjects take part, in which proportion, and how far the
    added KL of the parts goes (within ``nats``, where the curves go so far) are all random.
    """
    made = np.random.default_rng(seed)
    own = [curve for key, curve in known.items() if key.recovery == recovery and curve.points]
    sums = [
        (np.array([0.0, *(p.sparsity for p in c.points)]),
         np.maximum.accumulate([0.0, *(p.divergence for p in c.points)]))
        for c in own
    ]  # fmt: skip
    while count:
        taken = made.random(len(own)) < made.uniform(0.3, 1.0)
        direction = np.where(taken, made.uniform(0.2, 1.0, len(own)), 0.0)
        target = float(np.exp(made.uniform(*np.log(nats))))
        low, high = 0.0, 5.0
        for _ in range(40):
            scale = (low + high) / 2
            values = [min(d * scale, c.reach) for d, c in zip(direction, own, strict=True)]
            total = sum(float(np.interp(v, *s)) for v, s in zip(values, sums, strict=True))
            low, high = (scale, high) if total < target else (low, scale)
        choices = {}
        for curve, value in zip(own, values, strict=True):
            method = curve.key.method
            if made.random() < 0.5:  # half of the choices stand on a measured point
                grid = [0.0, *(point.sparsity for point in curve.points)]
                value = min(grid, key=lambda each: abs(each - value))
            choices[curve.key.subject] = Choice(
                method.criterion, sparsity(round(value, 3)), method.granularity
            )
        plan = Plan("held out", manifest.fingerprint, choices, recovery)
        if len(parts_of(plan, known, manifest)[0]) > 1:
            count -= 1
            yield plan
