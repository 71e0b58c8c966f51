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


def _solved(subject: Subject, recipe: Recipe, budget: float, cache: Path) -> Result:
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
    found, solving = timed(
        lambda: solve_goal(study, goal, Silent(), effort=effort, bench_of=lambda: bench)
    )
    scores = Scores(bench.network, bench.splits.calibration, bench.groups)
    selection = select(found.plan, scores)
    after = recipe.after or recipe.recovery
    with selected(bench.network, selection) as left:
        recovering, begun = recovered(bench, after, left, selection), 0.0
        _, begun = timed(recovering.__enter__)
        try:
            share = subject.macs_of(left) / subject.macs
            cell = Cell(subject.lost(left), begun, round(share, 4))
        finally:
            recovering.__exit__(None, None, None)
    return Result(
        subject.name, budget, TOOL, recipe.setting, round(swept + solving, 1), {after: cell}
    )


def _added_up(file: Path, seconds: float) -> float:
    """A sweep that was stopped and went on took what all its parts took."""
    total = (json.loads(file.read_text()) if file.exists() else 0.0) + seconds
    file.write_text(json.dumps(round(total, 1)))
    return float(total)
