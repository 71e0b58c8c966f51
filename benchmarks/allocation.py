"""Solved plans against the baselines, to the same budgets, really applied and measured.

``python -m benchmarks allocation`` sweeps LeNet-5 (channels, and weights) in a temporary study;
``python -m benchmarks.allocation STUDY`` takes one that is swept. For every budget each rule's
plan is verified on the validation split; the last table says what the solver needs for the drop
that a rule ends at, read off its own measured plans between budgets.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from analysis.errors import CannotReach
from analysis.planning.baselines import BASELINES, baseline, plan_costs, units_leave
from analysis.planning.plan import Plan
from analysis.planning.pose import Posed, answer, pose
from analysis.planning.solve import Goal, Target
from analysis.store.folder import Study
from analysis.store.quantiles import levels
from analysis.study import parse_methods
from analysis.sweep.quantiles import store_quantiles
from analysis.sweep.verify import verify_plan
from analysis.workbench import Workbench, prepare

SHARES = (0.8, 0.65, 0.5, 0.35)
RULES = ("solved", *BASELINES)


def main(arguments: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", nargs="?", type=Path)
    folder = parser.parse_args(list(arguments)).study
    with tempfile.TemporaryDirectory() as made:
        study = Study.open(folder if folder is not None else _swept(Path(made) / "lenet5"))
        bench = prepare(study.manifest.reference)
        store_quantiles(bench, study)
        for kind, methods in (("macs", "l1@channel"), ("parameters", "magnitude")):
            _table(bench, study, kind, methods)


def _swept(folder: Path) -> Path:
    command = [
        sys.executable, "-m", "analysis.cli", "sweep", "sample:lenet5", "--methods",
        "magnitude,l1@channel", "--sparsities", "0.1:0.9:0.1,0.95", "--study", str(folder),
    ]  # fmt: skip
    subprocess.run(command, check=True)
    return folder


def _table(bench: Workbench, study: Study, kind: str, methods: str) -> None:
    print(f"\n{study.manifest.reference.model}, {methods}: measured drop in points by budget")
    print(f"{'rule':18}" + "".join(f"{f'{kind} {100 * s:.0f} %':>20}" for s in SHARES))
    measured: dict[str, list[tuple[float, float]]] = {rule: [] for rule in RULES}
    for rule in RULES:
        cells = []
        for share in SHARES:
            goal = Goal((Target(kind, share),), methods=parse_methods(methods))
            posed = pose(study, goal)
            problem = posed.ready.problem
            try:
                plan = answer(posed).plan if rule == "solved" else _plan(study, rule, posed, share)
            except CannotReach:
                cells.append(f"{'cannot':>20}")
                continue
            drop = _drop(bench, study, replace(plan, name=f"{rule} {kind} {share:g}"))
            used = plan_costs(problem, plan)[kind] / problem.dense[1]
            measured[rule].append((used, drop))
            cells.append(f"{100 * drop:12.2f} @{100 * used:5.1f} %")
        print(f"{rule:18}" + "".join(cells), flush=True)
    own = sorted((drop, used) for used, drop in measured["solved"])
    if len(own) < 2:
        return
    for rule in BASELINES:
        drops = [(drop, used) for used, drop in measured[rule] if own[0][0] <= drop <= own[-1][0]]
        ratios = [
            float(np.interp(drop, [d for d, _ in own], [u for _, u in own])) / used
            for drop, used in drops
        ]
        if ratios:
            print(
                f"at the drop that {rule} ends at, solved plans need {np.median(ratios):.2f} of "
                f"its {kind} (median of {len(ratios)})"
            )


def _plan(study: Study, rule: str, posed: Posed, share: float) -> Plan:
    problem = posed.ready.problem
    score = "lamp" if rule == "lamp" else "magnitude"
    known = levels(study.folder, study.manifest, score, units_leave(problem))
    return baseline(rule, problem, known, {problem.kinds[1]: share})


def _drop(bench: Workbench, study: Study, plan: Plan) -> float:
    known = study.verified()
    rows = known[(known["digest"] == plan.digest) & (known["split"] == "validation")]
    if len(rows):
        return float(rows.iloc[0]["drop_sum"] / rows.iloc[0]["samples"])
    row = verify_plan(bench, study, plan)
    return row.drop_sum / row.samples


if __name__ == "__main__":
    main(sys.argv[1:])
