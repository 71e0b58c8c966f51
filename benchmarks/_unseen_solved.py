"""Solved plans of unseen networks, measured: what a solver picks by its prediction.

Every budget is solved as ``prunescope plan`` does before any plan is verified: the solver, then the
search around its plan and the rules' plans.
"""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import torch

from benchmarks._prediction_cases import table_of
from benchmarks._unseen_networks import Drawn, trained
from benchmarks._unseen_plans import Measured, bench_of, of_recoveries
from prunescope.errors import CannotPrune, CannotReach
from prunescope.planning.measured_plans import MeasuredPlans
from prunescope.planning.pose_goal import PosedGoal, pose, solve_posed
from prunescope.planning.search import improve
from prunescope.planning.solve import Goal, Target
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Plan
from prunescope.study.recoveries import RECOVERIES
from prunescope.sweep.verify_plan import Verifier

SOLVED: Final = "solved"
BUDGETS: Final = (0.7, 0.5, 0.35)
"""Of what the dense network has."""

KINDS: Final = {"weight": ("nonzero-macs", "parameters"), "channel": ("macs", "parameters")}
"""What leaves → the costs that are kept within each budget, one at a time."""


def measure_solved(
    drawn: Drawn, cache: Path, end: float, among: Sequence[str] = RECOVERIES
) -> None:
    """Solve for every budget with every recovery, and measure the plans that the cache lacks."""
    folder = cache / drawn.name
    recoveries = [name for name in drawn.recoveries if name in among]
    mark = folder / f"solved-{'-'.join(recoveries)}"
    if mark.exists() or time.monotonic() > end or not (folder / "study.json").exists():
        return
    torch.set_num_threads(1)
    study = StudyFolder.open(folder)
    verifier: Verifier | None = None
    table = table_of(folder, SOLVED)
    for recovery in recoveries:
        for plan in solved(study, drawn.leaves, recovery):
            if time.monotonic() > end:
                return
            if plan.digest in set(table.read()["digest"]):
                continue
            verifier = verifier or Verifier(bench_of(drawn, trained(drawn, cache / "weights")))
            try:
                table.append([verifier.measure(plan)])
            except CannotPrune:
                continue
    table.compact()
    mark.touch()


def solved(study: StudyFolder, leaves: str, recovery: str) -> Iterator[Plan]:
    """Yield the plan of each budget, as a study without verified plans gives it."""
    for kind in KINDS[leaves]:
        for budget in BUDGETS:
            posed = pose(study, Goal((Target(kind, budget),), recovery=recovery))
            own = PosedGoal(
                posed.solver, posed.curves, posed.predicted, posed.operators,
                measured=MeasuredPlans(),
            )  # fmt: skip
            try:
                solution = solve_posed(own, name=f"{kind} {budget}")
            except CannotReach:
                continue
            yield improve(own, solution)[0].plan


def read_solved(drawn: Drawn, cache: Path) -> Iterator[Measured]:
    """Yield the measured solved plans of a network, one recovery at a time."""
    yield from of_recoveries(drawn, cache, SOLVED)
