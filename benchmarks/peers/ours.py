"""This project's rows: curves of one recovery, then a solved plan for each budget.

A recipe is a line of the list below; a recovery that it names becomes a column of the table.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.peers.result import Cell, Result
from benchmarks.peers.subject import Subject, timed
from prunescope.api.solving import Effort, solve_goal
from prunescope.bench.pruned import select, selected
from prunescope.criteria.scores import Scores
from prunescope.errors import PrunescopeError
from prunescope.planning.solve import Goal, Target
from prunescope.progress import Silent
from prunescope.recovery import recovered
from prunescope.recovery.batch_norm import has_batch_norm
from prunescope.store.folder import StudyFolder
from prunescope.study import Grid, Method
from prunescope.study.plan import Plan
from prunescope.sweep.runner import sweep

TOOL: Final = "Prunescope"


@dataclass(frozen=True)
class Recipe:
    """How a plan comes about.

    Attributes:
        setting: As the table names it; recipes of one setting share a line.
        criterion: Of channels and heads.
        recovery: Of the curves and the plan.
        after: Of the plan alone, where that is another one.
    """

    setting: str
    criterion: str
    recovery: str
    after: str = ""


RECIPES: Final = (
    Recipe("solved, L2", "l2", "ls"),
    Recipe("solved, L2", "l2", "bn"),
    Recipe("solved, L2", "l2", "none"),
    Recipe("solved, greedy units", "obs", "ls"),
    Recipe("solved, greedy units", "obs", "ls", "refit"),
    Recipe("solved, greedy units", "obs", "ls", "distil"),
)
_SPARSITIES: Final = (0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875)
_VERIFIED: Final = 6
"""Plans within a budget that are measured on the validation split, of which the best is taken."""


def solved(subject: Subject, recipe: Recipe, budget: float, cache: Path) -> Result:
    """Return the line of ``recipe``; its curves serve all budgets, and count fully in each."""
    if recipe.recovery == "bn" and not has_batch_norm(subject.bench.network.module):
        return Result(subject.name, budget, TOOL, recipe.setting, 0.0)
    try:
        return _solved(subject, recipe, budget, cache)
    except PrunescopeError as reason:
        note = f"{recipe.recovery}: {str(reason).split('. ')[0]}."
        return Result(subject.name, budget, TOOL, recipe.setting, 0.0, note=note)


@dataclass(frozen=True)
class SolvedPlan:
    """A plan within a budget, chosen by what was measured of six.

    Attributes:
        study: Its curves.
        plan: Recovered as the curves are.
        seconds: Of the sweep and the choice.
    """

    study: StudyFolder
    plan: Plan
    seconds: float


def plan_within(subject: Subject, recipe: Recipe, budget: float, cache: Path) -> SolvedPlan:
    """Return the best of six measured plans within ``budget`` of the multiply-accumulates.

    Args:
        subject: The network.
        recipe: Whose criterion and recovery the curves have.
        budget: Share that may stay.
        cache: Where the curves and the measured plans stay for the next call.

    Raises:
        PrunescopeError: No plan keeps the budget.
    """
    bench = subject.bench
    folder = cache / f"{subject.name}-{recipe.criterion}-{recipe.recovery}"
    study = StudyFolder.create(folder, bench.manifest)
    methods = tuple(
        Method(recipe.criterion, unit)
        for unit in ("channel", "head")
        if bench.manifest.removable(unit)
    )
    grid = Grid(methods, _SPARSITIES, recoveries=(recipe.recovery,))
    _, seconds = timed(lambda: sweep(bench, study, grid, Silent()))
    swept = _added_up(folder / "swept.json", seconds)
    goal = Goal((Target("macs", budget),), recovery=recipe.recovery, methods=methods)
    effort = Effort(verify=_VERIFIED)
    answer, solving = timed(
        lambda: solve_goal(study, goal, Silent(), effort=effort, bench_of=lambda: bench)
    )
    return SolvedPlan(study, answer.plan, round(swept + solving, 1))


def recovered_cell(subject: Subject, plan: Plan, after: str) -> Cell:
    """Return what ``plan`` loses on the test split after the recovery ``after``."""
    bench = subject.bench
    scores = Scores(bench.network, bench.splits.calibration, bench.groups)
    selection = select(plan, scores)
    with selected(bench.network, selection) as left:
        recovering = recovered(bench, after, left, selection)
        _, seconds = timed(recovering.__enter__)
        try:
            share = subject.macs_of(left) / subject.macs
            return Cell(subject.lost(left), seconds, round(share, 4))
        finally:
            recovering.__exit__(None, None, None)


def _solved(subject: Subject, recipe: Recipe, budget: float, cache: Path) -> Result:
    solution = plan_within(subject, recipe, budget, cache)
    after = recipe.after or recipe.recovery
    cell = recovered_cell(subject, solution.plan, after)
    return Result(subject.name, budget, TOOL, recipe.setting, solution.seconds, {after: cell})


def _added_up(file: Path, seconds: float) -> float:
    """A sweep that was stopped and went on took what all its parts took."""
    total = (json.loads(file.read_text()) if file.exists() else 0.0) + seconds
    file.write_text(json.dumps(round(total, 1)))
    return float(total)
