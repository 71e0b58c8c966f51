"""Run a sweep over a study that is open: what commands and notebooks share."""

from dataclasses import dataclass, replace
from time import monotonic
from typing import Final

from prunescope.api.user_methods import with_user_methods
from prunescope.bench.workbench import Workbench
from prunescope.errors import BadValue
from prunescope.finding.find import FindReport, find
from prunescope.first_look.first_look import LookReport, first_look
from prunescope.object_store.inbox import Exchange
from prunescope.progress import Progress
from prunescope.replay import choose_engine
from prunescope.store.folder import StudyFolder
from prunescope.store.other_sweeps import OtherSweeps
from prunescope.study import Grid
from prunescope.study.computations import FP32, PrecisionError
from prunescope.study.shard import WHOLE
from prunescope.sweep.pace import stored_paces
from prunescope.sweep.precision_error import note_precision, precision_error
from prunescope.sweep.repeat_decisions import repeat_decisions
from prunescope.sweep.runner import sweep
from prunescope.sweep.stopping_policy import SEARCHES, Policy
from prunescope.sweep.store_quantiles import store_quantiles
from prunescope.sweep.sweep_report import SweepReport
from prunescope.sweep.work_list import groups_left_out, points, without_blocks

_LEAST: Final = 10.0
"""Seconds of a budget that are for measuring, however long the set-up took."""


@dataclass(frozen=True)
class Swept:
    """What a sweep did.

    Attributes:
        report: In numbers.
        left_out: Why groups have no point, a sentence each.
        spent: What took most of the time, or empty.
        setting_up: Seconds that went by before measuring; counted only under a budget.
        precision: What the lower precision of the points does to the dense model; None for single.
        search: What was found in modes ``find`` and ``certify``; None for others.
        look: What was predicted in mode ``look``; None for others.
        exchange: What went on between it and others in its store; None without one.
    """

    report: SweepReport
    left_out: tuple[str, ...]
    spent: str
    setting_up: float = 0.0
    precision: PrecisionError | None = None
    search: FindReport | None = None
    look: LookReport | None = None
    exchange: Exchange | None = None


def run_sweep(
    bench: Workbench,
    study: StudyFolder,
    grid: Grid,
    progress: Progress,
    policy: Policy,
    engine: str = "frontier",
    screening: bool = True,
    begun: float = 0.0,
    seconds: float | None = None,
    others: OtherSweeps | None = None,
) -> Swept:
    """Measure what ``grid`` asks for and ``study`` lacks.

    Args:
        bench: The study's model and data.
        study: Where rows go.
        grid: Which points.
        progress: Counts samples; asked whether to go on.
        policy: When a point needs no more samples.
        engine: ``frontier`` or ``naive``.
        screening: Whether points that wait long are ranked without labels.
        begun: When the clock of a budget started, on ``time.monotonic``'s clock.
        seconds: Budget, of which at most all but ten seconds are for setting up; None for no end.
        others: Sweeps whose rows come into ``study`` meanwhile; None for none.
    """
    study, grid = with_user_methods(bench, study, grid)
    if not points(grid, study.manifest):
        reasons = "; ".join(groups_left_out(grid, study.manifest)) or "nothing is left to prune"
        raise BadValue(
            f"Expected a point to measure, but there is none: {reasons}. Ask for other layers, "
            "methods or sparsities."
        )
    deadline, setting_up = None, 0.0
    if seconds is not None:  # setting up cannot eat all of it
        setting_up = monotonic() - begun
        deadline = max(begun + seconds, monotonic() + min(seconds, _LEAST))
    if policy.mode in SEARCHES:
        if grid.shard != WHOLE:
            raise BadValue(
                f"Expected whole curves for mode {policy.mode}, but got shard {grid.shard}, which "
                "may hold a part of a curve. Leave the shard out, or name other layers on each "
                "machine."
            )
        assert policy.limit is not None
        if bench.precision != FP32:
            raise BadValue(
                f"Expected precision {FP32} for mode {policy.mode}, whose answers are decisions, "
                f"but got {bench.precision}. Leave it out, or take mode exact, adaptive or decide."
            )
        if policy.mode == "look":
            look = first_look(bench, study, grid, progress, engine, deadline)
            nothing = SweepReport(len(look.predictions), 0, 0)
            return Swept(nothing, (), "", setting_up, look=look)
        certify = policy.mode == "certify"
        found = find(bench, study, grid, progress, policy.limit, certify, engine, deadline)
        nothing = SweepReport(len(found.answers), 0, 0, found.refused)
        left_out = groups_left_out(grid, StudyFolder.open(study.folder).manifest)
        return Swept(nothing, left_out, "", setting_up, search=found)
    error = None
    if bench.precision != FP32:
        error = precision_error(bench)
        study = note_precision(study, error)
    chosen = choose_engine(bench, engine)
    report = sweep(bench, study, grid, progress, chosen, policy, deadline, screening, others=others)
    if error is not None and not progress.cancelled():
        asked = points(grid, study.manifest)
        repeated = repeat_decisions(bench, study, asked, policy, error.size, progress, engine)
        error = replace(error, repeated=repeated)
        note_precision(study, error)
    stored_paces(study.folder).append(report.paces)
    store_quantiles(bench, study)  # cheap, and the planning room has no weights to read
    opened = StudyFolder.open(study.folder)
    unblocked = opened.manifest.left_out | without_blocks(grid, opened.manifest)
    if unblocked != opened.manifest.left_out:
        opened = opened.update(replace(opened.manifest, left_out=unblocked))
    left_out = groups_left_out(grid, opened.manifest)
    return Swept(report, left_out, chosen.spent, setting_up, error)
