"""Predicted against measured drops of random combined plans, per predictor and sample model.

    python -m benchmarks.prediction_table --cache FOLDER                    # everything
    python -m benchmarks.prediction_table --cache FOLDER lenet5-channel-none --minutes 5
    python -m benchmarks.prediction_table --cache FOLDER --minutes 0        # print what is there

For each case (sample model, what leaves, recovery) single layers or groups are swept on
``--samples`` validation images, 16 plans are verified for calibration
(``propose_verifications``), and ``--plans`` held-out plans, drawn at random by another generator,
are measured and compared with what was predicted of them from the sweep and the calibration alone.
The cache keeps all that was measured: a run that is stopped goes on from there.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import torch
from scipy.stats import spearmanr

from analysis.curves import Curves, curves
from analysis.errors import CannotPrune
from analysis.planning.plan import Choice, Plan
from analysis.planning.predict import predict
from analysis.planning.predictors import PREDICTORS, Cells, Record
from analysis.planning.predictors.parts import parts_of
from analysis.planning.predictors.proposals import propose_verifications
from analysis.recovery.batch_norm import has_batch_norm
from analysis.recovery.names import RECOVERIES
from analysis.store.documents import from_json
from analysis.store.folder import Study
from analysis.store.measurements import VERIFICATION_KEY, Verification
from analysis.store.tables import Table
from analysis.study import Grid, Manifest, Method, Reference, sparsity
from analysis.sweep.engine import NaiveEngine, order
from analysis.sweep.points import missing, points
from analysis.sweep.tally import measurement
from analysis.sweep.verify import Verifier
from analysis.workbench import Workbench, prepare
from sample_models import fashion_mnist

MODELS: Final = ("mlp", "lenet5", "resnet20", "vit", "mobilenet")
METHODS: Final = {
    "weight": (Method("magnitude"),),
    "channel": (Method("l1", "channel"), Method("l1", "head")),
}
SPARSITIES: Final = {
    "weight": (0.3, 0.5, 0.7, 0.8, 0.9, 0.95),
    "channel": (0.125, 0.25, 0.375, 0.5, 0.625, 0.75),
}
CALIBRATION: Final = 16
LIMITS: Final = (0.05, 0.2)
"""Real drops up to which the table is printed."""

IN_FORCE: Final = "in force"
IMAGES: Final = {"calibration": 512, "test": 10}


@dataclass(frozen=True)
class Case:
    """A sample model, what leaves, and the recovery."""

    model: str
    granularity: str
    recovery: str

    def __str__(self) -> str:
        return f"{self.model}-{self.granularity}-{self.recovery}"


def cases() -> tuple[Case, ...]:
    return tuple(
        Case(model, granularity, recovery)
        for model in MODELS
        for recovery in RECOVERIES
        for granularity in METHODS
    )


def main() -> None:
    """Measure what the cache lacks within the time, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("cases", nargs="*", help="MODEL-GRANULARITY-RECOVERY; all by default")
    parser.add_argument("--cache", type=Path, default=Path("studies/prediction-table"))
    parser.add_argument("--samples", type=int, default=2000, help="validation images")
    parser.add_argument("--plans", type=int, default=100, help="held-out plans per case")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="to measure for")
    arguments, _ = parser.parse_known_args()
    torch.set_num_threads(1)
    end = time.monotonic() + 60 * arguments.minutes
    chosen = [each for each in cases() if str(each) in arguments.cases or not arguments.cases]
    for case in chosen:
        if time.monotonic() < end:
            _measure(case, arguments.cache, arguments.samples, arguments.plans, end)
    table = pd.concat([_judged(case, arguments.cache) for case in chosen] or [pd.DataFrame()])
    print(table.to_string(index=False) if len(table) else "nothing measured yet")
    if len(table):
        (arguments.cache / "prediction.md").write_text(_markdown(table))


def _measure(case: Case, cache: Path, samples: int, plans: int, end: float) -> None:
    """Sweep, verify the calibration plans, measure the held-out plans; stop at ``end``."""
    study = cache / str(case)
    held_out = _held_out(study)
    if (study / "study.json").exists() and len(held_out.read()) >= plans:
        return
    bench = prepare(Reference(f"sample:{case.model}", str(_images(cache, samples))))
    if case.recovery == "bn" and not has_batch_norm(bench.network.module):
        return
    opened = Study.create(study, bench.manifest)
    grid = Grid(
        tuple(m for m in METHODS[case.granularity] if _fits(m, bench.manifest)),
        SPARSITIES[case.granularity], recoveries=(case.recovery,),
    )  # fmt: skip
    if not _swept(bench, opened, grid, end):
        return
    known = curves(opened.measured(), opened.manifest)
    verifier = Verifier(bench)
    proposed = propose_verifications(opened.manifest, known, CALIBRATION, case.recovery)
    drawn = tuple(_random_plans(opened.manifest, known, plans, case.recovery))
    for table, wanted in ((opened.verifications, proposed), (held_out, drawn)):
        stored = set(table.read()["digest"])
        for plan in wanted:
            if plan.digest in stored:
                continue
            if time.monotonic() > end:
                return
            table.append([verifier.measure(plan)])
        table.compact()


def _swept(bench: Workbench, study: Study, grid: Grid, end: float) -> bool:
    """Measure each missing point in one go; False when time is up before all are."""
    engine = NaiveEngine(bench)
    count = len(bench.splits.validation)
    picked = bench.splits.validation.picked(order(bench))
    assert picked.targets is not None
    study.logits.write_targets(picked.targets.numpy())
    todo = missing(points(grid, study.manifest), study.measured(), study.manifest)
    for point in todo:
        if time.monotonic() > end:
            return False
        dense = engine.dense(point.recovery, 0, count)
        for _, outcome in engine.outcomes(0, count, [point]):
            if isinstance(outcome, CannotPrune) or outcome.log_probabilities is None:
                continue
            row = measurement(bench, point, engine.about(point), dense, outcome, picked.targets)
            study.logits.append(row.key, 0, outcome.log_probabilities.numpy())
            study.measurements.append([row])
    if todo and dense.log_probabilities is not None:
        key = (bench.manifest.fingerprint, row.version, "", "", "", 0.0, grid.recoveries[0], 0)
        study.logits.append(key, 0, dense.log_probabilities.numpy())
        study.logits.compact()
        study.measurements.compact()
    return True


def _random_plans(manifest: Manifest, known: Curves, count: int, recovery: str) -> Iterator[Plan]:
    """Plans of random parts at random sparsities, scaled so that many lose little.

    Nothing about them is chosen: which subjects take part, in which proportion, and how far the
    added KL of the parts goes are all random.
    """
    made = np.random.default_rng(2027)
    own = [curve for key, curve in known.items() if key.recovery == recovery and curve.points]
    sums = [
        (np.array([0.0, *(p.sparsity for p in c.points)]),
         np.maximum.accumulate([0.0, *(p.divergence for p in c.points)]))
        for c in own
    ]  # fmt: skip
    while count:
        taken = made.random(len(own)) < made.uniform(0.3, 1.0)
        direction = np.where(taken, made.uniform(0.2, 1.0, len(own)), 0.0)
        target = float(np.exp(made.uniform(np.log(0.004), np.log(0.25))))
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


def _judged(case: Case, cache: Path) -> pd.DataFrame:
    """One row per predictor and limit."""
    folder = cache / str(case)
    if not (folder / "study.json").exists():
        return pd.DataFrame()
    study = Study.open(folder)
    rows = _held_out(folder).read()
    if len(rows) < 10:
        return pd.DataFrame()
    known = curves(study.measured(), study.manifest)
    cells = Cells(study.manifest, study.logits)
    record = Record.of(study.manifest, known, study.verified(), cells)
    found = []
    for name in (*PREDICTORS, IN_FORCE):
        for row in rows.to_dict("records"):
            plan = from_json(Plan, row["plan"], "a held-out plan")
            only = None if name == IN_FORCE else name
            trusted = record if name == IN_FORCE else Record()
            guess = predict(study.manifest, plan, known, trusted, cells, only)
            if guess.drop is None or guess.interval is None:
                continue
            real = row["drop_sum"] / row["samples"]
            inside = guess.interval.low <= real <= guess.interval.high
            found.append((name, guess.predictor, real, guess.drop, inside))
    frame = pd.DataFrame(found, columns=["name", "rule", "real", "guess", "inside"])
    return pd.DataFrame(
        [
            {"case": str(case), "predictor": _title(str(name), own), **_figures(own, limit)}
            for limit in LIMITS
            for name, own in frame.groupby("name", sort=False)
        ]
    )


def _figures(frame: pd.DataFrame, limit: float) -> dict[str, object]:
    own = frame[frame["real"] <= limit]
    error = 100 * (own["guess"] - own["real"]).abs()
    trusted = bool((own["name"] == IN_FORCE).all())
    return {
        "drop ≤": f"{100 * limit:.0f}",
        "plans": len(own),
        "MAE": round(float(error.mean()), 2),
        "p90": round(float(error.quantile(0.9)), 2),
        "Spearman": round(float(spearmanr(own["guess"], own["real"])[0]), 2),
        "covered": f"{100 * own['inside'].mean():.0f} %" if trusted else "–",
    }


def _title(name: str, frame: pd.DataFrame) -> str:
    return f"{name}: {frame['rule'].iloc[0]}" if name == IN_FORCE else name


def _markdown(table: pd.DataFrame) -> str:
    lines = ["| " + " | ".join(table.columns) + " |", "|" + "---|" * len(table.columns)]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in table.itertuples(index=False)]
    return "\n".join(lines) + "\n"


def _held_out(folder: Path) -> Table:
    """Kept apart from the study's verifications, so that nothing can learn from them."""
    return Table(folder / "held-out", Verification, VERIFICATION_KEY)


def _images(cache: Path, samples: int) -> Path:
    """A file of the first images of each split."""
    path = cache / f"images-{samples}.npz"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, np.ndarray] = {}
        for name, count in (IMAGES | {"validation": samples}).items():
            images, labels = fashion_mnist.split(name)
            arrays[f"{name}_inputs"] = fashion_mnist.normalise(images[:count])
            arrays[f"{name}_targets"] = labels[:count].astype(np.int64)
        np.savez(path, **arrays)  # type: ignore[arg-type]
    return path


def _fits(method: Method, manifest: Manifest) -> bool:
    return method.granularity == "weight" or bool(manifest.removable(method.granularity))


if __name__ == "__main__":
    main()
