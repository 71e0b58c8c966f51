"""What solved plans and simple rules cost at equal measured drop: parameters, MACs and latency.

    python -m benchmarks.allocation --cache FOLDER                        # everything
    python -m benchmarks.allocation --cache FOLDER lenet5-weight --minutes 5
    python -m benchmarks.allocation --cache FOLDER resnet20-channel --cost latency
    python -m benchmarks.allocation --cache FOLDER --minutes 0            # print what is there

A case is a sample model and what leaves. Curves are swept on 2,000 validation images; every rule
then gets budgets at which its plan is predicted to lose 0.5, 1, 2, 4 and 8 points, and each plan
is really applied and evaluated on 5,000 test images, which nothing was chosen on. Costs at equal
measured drop are read off each rule's own plans, linear between them. Latency budgets use the
study's table (measured first, within ``--seconds``), and each of those plans is timed for real in
turns with the dense model. The cache keeps all that was measured.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import torch
from scipy.optimize import isotonic_regression

from analysis.errors import CannotReach
from analysis.latency.build import Maker, time_table, timed_rows
from analysis.latency.design import Proposal
from analysis.latency.rows import stored_rows
from analysis.latency.table import tables
from analysis.planning.baselines import BASELINES, SCORE_OF, baseline, units_leave
from analysis.planning.plan import Plan
from analysis.planning.pose import Posed, answer, pose
from analysis.planning.preview import preview
from analysis.planning.search import improved
from analysis.planning.solve import Goal, Target
from analysis.planning.solve.costs import plan_costs
from analysis.progress import Silent
from analysis.store.folder import Study
from analysis.store.quantiles import every_level, levels
from analysis.study import Grid, Method, Reference
from analysis.sweep.quantiles import store_quantiles
from analysis.sweep.runner import sweep
from analysis.sweep.verify import Verifier
from analysis.workbench import Workbench, prepare
from benchmarks._images import first_images

MODELS: Final = ("lenet5", "resnet20", "mlp", "vit", "mobilenet")
METHODS: Final = {
    "weight": (Method("magnitude"),),
    "channel": (Method("l1", "channel"), Method("l1", "head")),
}
SPARSITIES: Final = {
    "weight": (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98),
    "channel": (0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875),
}
COSTS: Final = {"weight": "parameters", "channel": "macs"}
RULES: Final = ("solved", *BASELINES)
LOSSES: Final = (0.005, 0.01, 0.02, 0.04, 0.08)
"""Predicted drops that every rule's budgets are chosen for."""

EQUAL: Final = (0.01, 0.02, 0.04)
"""Measured drops at which costs are compared."""

IMAGES: Final = {"calibration": 512, "validation": 2000, "test": 5000}
_HALVINGS: Final = 14
_BATCH: Final = 32


@dataclass(frozen=True)
class Line:
    """One measured plan: by which rule, what it costs (fractions of dense) and what it loses."""

    rule: str
    cost: str
    share: float
    predicted: float
    drop: float
    divergence: float
    timed: float = float("nan")


def main() -> None:
    """Measure what the cache lacks within the time, then print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("cases", nargs="*", help="MODEL-weight or MODEL-channel; all by default")
    parser.add_argument("--cache", type=Path, default=Path("studies/allocation"))
    parser.add_argument("--cost", choices=("own", "latency"), default="own")
    parser.add_argument("--seconds", type=float, default=60.0, help="for a latency table")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="to measure for")
    arguments, _ = parser.parse_known_args()
    torch.set_num_threads(1)
    end = time.monotonic() + 60 * arguments.minutes
    every = [f"{model}-{leaves}" for model in MODELS for leaves in METHODS]
    chosen = arguments.cases or every
    for case in chosen:
        leaves = case.rpartition("-")[2]
        cost = COSTS[leaves] if arguments.cost == "own" else "latency"
        if time.monotonic() < end and not (cost == "latency" and leaves == "weight"):
            _measure(case, arguments.cache, cost, arguments.seconds, end)
    lines = [row for case in chosen for row in _compared(case, arguments.cache)]
    print(_markdown(lines) if lines else "nothing measured yet")


def _measure(case: str, cache: Path, cost: str, seconds: float, end: float) -> None:
    """Sweep, plan by every rule, apply and evaluate; stop at ``end``."""
    model, _, leaves = case.rpartition("-")
    file = cache / case / f"allocation-{cost}.csv"
    known = pd.read_csv(file) if file.exists() else pd.DataFrame(columns=list(_FIELDS))
    data = first_images(cache / "images.npz", IMAGES)
    bench = prepare(Reference(f"sample:{model}", str(data)))
    study = Study.create(cache / case, bench.manifest)
    methods = tuple(m for m in METHODS[leaves] if _fits(m, bench))
    if study.measured().empty:
        sweep(bench, study, Grid(methods, SPARSITIES[leaves]), Silent())
        store_quantiles(bench, study)
    if cost == "latency" and not tables(study.folder, study.manifest):
        time_table(bench, stored_rows(study.folder), _BATCH, 1, seconds)
    verifier = Verifier(bench)
    for rule in RULES:
        if (known["rule"] == rule).any() or time.monotonic() > end:
            continue
        lines = []
        for plan, share, predicted in _plans(study, rule, cost):
            row = verifier.measure(plan, split="test")
            timed = _timed(bench, study, plan) if cost == "latency" else float("nan")
            lines.append(
                Line(rule, cost, share, predicted, row.drop_sum / row.samples,
                     row.divergence_sum / row.samples, timed)
            )  # fmt: skip
            print(case, lines[-1], flush=True)
        known = pd.concat([known, pd.DataFrame([asdict(line) for line in lines])])
        known.to_csv(file, index=False)


def _plans(study: Study, rule: str, cost: str) -> Iterator[tuple[Plan, float, float]]:
    """Plans by one rule with their cost and predicted drop, one per loss that it can have."""
    posed = pose(study, Goal((Target(cost, 1.0),)))
    problem = posed.ready.problem
    before = ""
    for loss in LOSSES:
        low, high = 0.0, 1.0
        for _ in range(_HALVINGS):  # the least budget at which no more is lost
            middle = (low + high) / 2
            try:
                drop = posed.predicted(_plan(study, posed, rule, cost, middle, False)).drop
            except CannotReach:
                drop = None
            low, high = (low, middle) if drop is not None and drop <= loss else (middle, high)
        try:
            plan = _plan(study, posed, rule, cost, high, True)
        except CannotReach:
            continue
        if plan.active() and plan.digest != before:
            before = plan.digest
            share = plan_costs(problem, plan)[cost] / problem.dense[1]
            yield plan, share, posed.predicted(plan).drop or 0.0


def _plan(study: Study, posed: Posed, rule: str, cost: str, share: float, best: bool) -> Plan:
    """The plan of one rule to a budget; the solver's is looked around when it is the ``best``."""
    given = {cost: share}
    grouped = units_leave(posed.ready.problem)
    if rule != "solved":
        score = SCORE_OF.get(rule)
        known = levels(study.folder, study.manifest, score, grouped) if score else None
        return baseline(rule, posed.ready.problem, known, given)
    solution = answer(posed, given)
    if best:
        scores = every_level(study.folder, study.manifest, grouped)
        solution, _ = improved(posed, solution, scores, given, 20.0)
    return solution.plan


def _timed(bench: Workbench, study: Study, plan: Plan) -> float:
    """Time of the really smaller model over the dense one's, PyTorch, in turns."""
    assert bench.network.captured is not None
    maker = Maker(bench.network.captured, bench, _BATCH, 1)
    runtime = tables(study.folder, study.manifest)[0].setting.runtime
    units = dict(preview(study.manifest, plan, study.measured()).units)
    dense = maker.call(runtime, {})
    return timed_rows(maker, runtime, dense, [Proposal(units, "plan")], Silent())[0].ratio


def _compared(case: str, cache: Path) -> Iterator[dict[str, str]]:
    """One row per cost and rule: what it costs at equal measured drops."""
    for file in sorted((cache / case).glob("allocation-*.csv")):
        frame = pd.read_csv(file)
        columns = ["share"] + (["timed"] if frame["timed"].notna().any() else [])
        for column in columns:
            kind = f"{frame['cost'].iloc[0]}{', timed' if column == 'timed' else ''}"
            own = {rule: _curve(frame[frame["rule"] == rule], column) for rule in RULES}
            for rule in RULES:
                at = [_cost_at(own[rule], drop) for drop in EQUAL]
                best = [_cost_at(own["solved"], drop) for drop in EQUAL]
                ratios = [b / a for a, b in zip(at, best, strict=True) if a and b]
                yield {
                    "case": case,
                    "cost": kind,
                    "rule": rule,
                    **{
                        f"at {100 * drop:g} pt": "–" if value is None else f"{100 * value:.1f} %"
                        for drop, value in zip(EQUAL, at, strict=True)
                    },
                    "solved needs": f"{np.median(ratios):.2f} ×" if ratios else "–",
                }


def _curve(frame: pd.DataFrame, column: str) -> tuple[np.ndarray, np.ndarray]:
    """(measured drops, costs): drops made to rise while costs fall."""
    frame = frame.sort_values(column, ascending=False)
    drops = isotonic_regression(frame["drop"].to_numpy(float)).x if len(frame) else np.empty(0)
    return np.concatenate([[0.0], drops]), np.concatenate([[1.0], frame[column].to_numpy(float)])


def _cost_at(curve: tuple[np.ndarray, np.ndarray], drop: float) -> float | None:
    """The cost at a measured drop; None past the last plan."""
    drops, costs = curve
    return float(np.interp(drop, drops, costs)) if len(drops) > 1 and drop <= drops[-1] else None


def _markdown(rows: list[dict[str, str]]) -> str:
    lines = ["| " + " | ".join(rows[0]) + " |", "|" + "---|" * len(rows[0])]
    return "\n".join([*lines, *("| " + " | ".join(row.values()) + " |" for row in rows)])


def _fits(method: Method, bench: Workbench) -> bool:
    return method.granularity == "weight" or bool(bench.manifest.removable(method.granularity))


_FIELDS: Final = tuple(Line.__dataclass_fields__)

if __name__ == "__main__":
    main()
