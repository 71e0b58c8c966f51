"""What solved plans and simple rules cost at equal measured drop: parameters, MACs and latency.

    python -m benchmarks.allocation --cache FOLDER                        # 20 minutes of it
    python -m benchmarks.allocation --cache FOLDER lenet5-weight --minutes inf
    python -m benchmarks.allocation --cache FOLDER resnet20-channel --cost latency
    python -m benchmarks.allocation --cache FOLDER --minutes 0            # print what is there

A case is a sample model and what leaves. Curves are swept on 2,000 validation images, of the small
models on all 6,000; every rule then gets budgets at which its plan is predicted to lose 0.5 to 12
points, and each plan is really applied and evaluated on test images that nothing was chosen on. A
solved plan is what ``prunescope plan --verify 12`` gives: twelve plans within the budget are
measured on the validation images, the rules' own among them where they may be as good, and the one
with the least KL is taken. Latency budgets use the study's table (measured first, within
``--seconds``), and each of those plans is timed for real in turns with the dense model. The cache
keeps all that was measured.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import torch

from benchmarks._equal_drop import Line, compared
from benchmarks._images import first_images
from benchmarks._methods import METHODS, methods
from prunescope.bench.evaluate import evaluate
from prunescope.bench.pruned import select, selected
from prunescope.bench.workbench import Workbench, prepare
from prunescope.criteria.scores import Scores
from prunescope.errors import CannotReach
from prunescope.latency.runtimes.registry import runtime_titled
from prunescope.latency.table.build import time_table, timed_rows
from prunescope.latency.table.choose_models import TimingProposal
from prunescope.latency.table.predict_time import tables
from prunescope.latency.table.rows import stored_rows
from prunescope.latency.table.smaller_models import Maker
from prunescope.planning.baselines import BASELINES, SCORE_OF, baseline, removes_units
from prunescope.planning.pose_goal import PosedGoal, pose, solve_posed
from prunescope.planning.prediction import PredictedEffects
from prunescope.planning.preview import preview
from prunescope.planning.search import improve_by_measuring
from prunescope.planning.solve import Goal, Target
from prunescope.planning.solve.plan_costs import plan_costs
from prunescope.progress import Silent
from prunescope.store.folder import StudyFolder
from prunescope.store.score_quantiles import every_level, levels, quantiles
from prunescope.study import Grid, Reference
from prunescope.study.plan import Plan
from prunescope.sweep.runner import sweep
from prunescope.sweep.store_quantiles import store_quantiles
from prunescope.sweep.verify_plan import Verifier

MODELS: Final = ("lenet5", "mlp", "resnet20", "mobilenet", "vit")
SPARSITIES: Final = {
    "weight": (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98),
    "channel": (0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875),
}
COSTS: Final = {"weight": "parameters", "channel": "macs"}
SOLVED: Final = "solved"
RULES: Final = (SOLVED, *BASELINES)
LOSSES: Final = (0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.12)
"""Predicted drops that every rule's budgets are chosen for."""

IMAGES: Final = {"calibration": 512, "test": 10}
SWEPT: Final = {"mlp": 6000, "lenet5": 6000}
"""Validation images: all there are, as a study has them; of the larger models 2,000."""

TESTED: Final = {"mlp": 10_000, "lenet5": 10_000}
"""Test images, of the others 5,000; in a file of their own, so that curves never depend on them."""

MINUTES: Final = 20.0
"""To measure for, when nothing else is asked: so a row of all benchmarks ends."""

_VERIFIED: Final = 12
_HALVINGS: Final = 14
_BATCH: Final = 32


def main() -> None:
    """Measure what the cache lacks within the time, then print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("cases", nargs="*", help="MODEL-weight or MODEL-channel; all by default")
    parser.add_argument("--cache", type=Path, default=Path("studies/allocation"))
    parser.add_argument("--cost", choices=("own", "latency"), default="own")
    parser.add_argument("--seconds", type=float, default=60.0, help="for a latency table")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="to measure for; inf: all")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    end = time.monotonic() + 60 * asked.minutes
    chosen = asked.cases or [f"{model}-{leaves}" for model in MODELS for leaves in METHODS]
    lacking = []
    for case in chosen:
        leaves = case.rpartition("-")[2]
        cost = COSTS[leaves] if asked.cost == "own" else "latency"
        if cost == "latency" and leaves == "weight":
            continue
        if not _measured(case, asked.cache, cost, asked.seconds, end):
            lacking.append(case)
    rows = [row for case in chosen for row in _rows(asked.cache / case)]
    print(_markdown(rows) if rows else "nothing measured yet")
    if lacking:
        print(
            f"\nAfter {asked.minutes:g} minutes not all rules of {', '.join(lacking)} were "
            "measured; --minutes inf measures them all."
        )


def _measured(case: str, cache: Path, cost: str, seconds: float, end: float) -> bool:
    """Sweep, plan by every rule, apply and evaluate; False when time is up before all is done."""
    lacking = [rule for rule in RULES if not _file(cache / case, cost, rule).exists()]
    if not lacking or time.monotonic() > end:
        return not lacking
    model, _, leaves = case.rpartition("-")
    count = SWEPT.get(model, 2000)
    data = first_images(cache / f"images-{count}.npz", IMAGES | {"validation": count})
    bench = prepare(Reference(f"sample:{model}", str(data)))
    study = StudyFolder.create(cache / case, bench.manifest)
    sweep(bench, study, Grid(methods(leaves, bench.manifest), SPARSITIES[leaves]), Silent())
    if quantiles(study.folder).read().empty:
        store_quantiles(bench, study)
    if cost == "latency" and not tables(study.folder, study.manifest):
        time_table(bench, stored_rows(study.folder), _BATCH, 1, seconds)
    tested = _Tested(model, cache)
    for rule in lacking:
        if time.monotonic() > end:
            return False
        found, drops = [], []
        for plan, share, predicted in _plans(study, bench, rule, cost, leaves):
            drops.append(tested(plan))
            timed = _timed(bench, study, plan) if cost == "latency" else float("nan")
            found.append({"share": share, "predicted": predicted, "drop": drops[-1].mean(),
                          "timed": timed, "plan": plan.digest})  # fmt: skip
            print(case, rule, found[-1], flush=True)
        file = _file(cache / case, cost, rule)
        file.parent.mkdir(exist_ok=True)
        np.save(file.with_suffix(".npy"), np.array(drops, np.int8))
        pd.DataFrame(found).to_csv(file, index=False)
    return True


def _file(folder: Path, cost: str, rule: str) -> Path:
    return folder / "allocation" / f"{cost}-{rule}.csv"


class _Tested:
    """What each test image's score loses by a plan."""

    def __init__(self, model: str, cache: Path) -> None:
        count = TESTED.get(model, 5000)
        data = first_images(
            cache / f"tested-{count}.npz", IMAGES | {"validation": 10, "test": count}
        )
        self.bench = prepare(Reference(f"sample:{model}", str(data)))
        self.scores = Scores(self.bench.network, self.bench.splits.calibration, self.bench.groups)
        self.dense = self._score(self.bench.network.module)

    def __call__(self, plan: Plan) -> np.ndarray:
        with selected(self.bench.network, select(plan, self.scores)) as left:
            lost: np.ndarray = self.dense - self._score(left)
        return lost

    def _score(self, module: torch.nn.Module) -> np.ndarray:
        bench = self.bench
        found = evaluate(module, bench.splits.test, bench.metric, bench.batch)
        return np.asarray(found.score, np.float32)


def _plans(
    study: StudyFolder, bench: Workbench, rule: str, cost: str, leaves: str
) -> Iterator[tuple[Plan, float, float]]:
    """Plans by one rule with their cost and predicted drop, one per loss that it can have."""
    posed = pose(study, Goal((Target(cost, 1.0),), methods=methods(leaves, study.manifest)))
    problem = posed.solver.problem
    before = ""
    for loss in LOSSES:
        low, high = 0.0, 1.0
        for _ in range(_HALVINGS):  # the least budget at which no more is lost
            middle = (low + high) / 2
            try:
                drop = posed.predicted(_plan(study, posed, rule, {cost: middle})).drop
            except CannotReach:
                drop = None
            low, high = (low, middle) if drop is not None and drop <= loss else (middle, high)
        try:
            plan = _plan(study, posed, rule, {cost: high})
            if rule == SOLVED:
                plan = _settled(study, posed, Verifier(bench), {cost: high})
        except CannotReach:
            continue
        if plan.active() and plan.digest != before:
            before = plan.digest
            share = plan_costs(problem, plan)[cost] / problem.dense[1]
            yield plan, share, posed.predicted(plan).drop or 0.0


def _plan(study: StudyFolder, posed: PosedGoal, rule: str, given: dict[str, float]) -> Plan:
    """The plan of one rule to a budget."""
    if rule == SOLVED:
        return solve_posed(posed, given).plan
    score = SCORE_OF.get(rule)
    grouped = removes_units(posed.solver.problem)
    known = levels(study.folder, study.manifest, score, grouped) if score else None
    return baseline(rule, posed.solver.problem, known, given)


def _settled(
    study: StudyFolder, posed: PosedGoal, verifier: Verifier, given: dict[str, float]
) -> Plan:
    """What ``plan --verify`` finds."""

    def measure(plan: Plan) -> dict[str, float]:
        return PredictedEffects.measured(asdict(verifier.measure(plan)), None).damages

    scores = every_level(study.folder, study.manifest, removes_units(posed.solver.problem))
    solution, tried = improve_by_measuring(
        posed, solve_posed(posed, given), measure, _VERIFIED, scores, given
    )
    for each in tried:
        print(f"    {each.proposal.start}: KL {each.proposal.predicted:.4f} predicted, "
              f"{each.objective:.4f} measured", flush=True)  # fmt: skip
    return solution.plan


def _timed(bench: Workbench, study: StudyFolder, plan: Plan) -> float:
    """Time of the really smaller model over the dense one's, PyTorch, in turns."""
    assert bench.network.captured is not None
    maker = Maker(bench.network.captured, bench, _BATCH, 1)
    runtime = runtime_titled(tables(study.folder, study.manifest)[0].setting.runtime)
    assert runtime is not None
    units = dict(preview(study.manifest, plan, study.measured()).units)
    dense = maker.call(runtime, {})
    return timed_rows(maker, runtime, dense, [TimingProposal(units, "plan")], Silent())[0].ratio


def _rows(folder: Path) -> Iterator[dict[str, str]]:
    """One row per cost and rule: what it costs at equal measured drops."""
    for cost in (*COSTS.values(), "latency"):
        files = {rule: _file(folder, cost, rule) for rule in RULES}
        frames = {
            r: pd.read_csv(f) for r, f in files.items() if f.exists() and f.stat().st_size > 2
        }
        if SOLVED not in frames:
            continue
        for column, kind in (("share", cost), ("timed", f"{cost}, timed")):
            lines = {
                rule: Line(frame[column].to_numpy(float), np.load(files[rule].with_suffix(".npy")))
                for rule, frame in frames.items()
                if frame[column].notna().all()
            }
            if SOLVED in lines:
                for row in compared(lines, SOLVED):
                    yield {"case": folder.name, "cost": kind, **row}


def _markdown(rows: list[dict[str, str]]) -> str:
    lines = ["| " + " | ".join(rows[0]) + " |", "|" + "---|" * len(rows[0])]
    return "\n".join([*lines, *("| " + " | ".join(row.values()) + " |" for row in rows)])


if __name__ == "__main__":
    main()
