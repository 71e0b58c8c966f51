"""What ``sweep`` tells on a terminal: the cost beforehand, and at the end what was done."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from prunescope.cli.terminal import errors
from prunescope.commands import next_steps
from prunescope.object_store.inbox import Exchange
from prunescope.store.folder import StudyFolder
from prunescope.study import Grid
from prunescope.study.shard import WHOLE, Shard
from prunescope.sweep.forecast import WIDEST
from prunescope.sweep.pace import last_paces
from prunescope.sweep.sweep_report import SweepReport
from prunescope.text.durations import spoken
from prunescope.text.numbers import counted, exact
from prunescope.text.sweep_costs import forecast_text
from prunescope.text.units import bytes_, macs, percent

if TYPE_CHECKING:
    from prunescope.api.shared_sweep import Crewed
    from prunescope.bench.workbench import Workbench

_MOST_REFUSALS: Final = 5
_WORTH_SAYING: Final = 1.0
"""Seconds of setting up from which on they are told."""


def print_report(report: SweepReport, idle: Sequence[str], spent: str, study: Path) -> None:
    """Print what a sweep of ``study`` measured, what it took, and what it could not have.

    Args:
        report: What it did.
        idle: Sentences on groups without a point.
        spent: What took most of the time.
        study: Its folder, as the user names it.
    """
    known = report.wanted - report.measured - report.missing - len(report.refused)
    early = f" ({exact(report.partial)} settled early)" if report.partial else ""
    begun = f" ({exact(report.begun)} of them begun)" if report.begun else ""
    errors.print(
        f"{counted(report.measured, 'point')} measured{early}, {exact(known)} known before, "
        f"{exact(report.missing)} left{begun}. See them: prunescope show {study}"
    )
    if report.executed:
        errors.print(_work(report))
    if forecast := _forecast(report):
        errors.print(forecast)
    if spent:
        errors.print(f"Where the time of its lanes went: {spent}.")
    for refusal in report.refused[:_MOST_REFUSALS]:
        errors.print(f"Not measured: {refusal}", highlight=False, markup=False)
    if len(report.refused) > _MOST_REFUSALS:
        errors.print(f"… and {len(report.refused) - _MOST_REFUSALS} more points like these.")
    for sentence in idle[:_MOST_REFUSALS]:
        errors.print(f"No point: {sentence}.", highlight=False, markup=False)
    if len(idle) > _MOST_REFUSALS:
        errors.print(f"… and {len(idle) - _MOST_REFUSALS} more groups like these.")
    for name in report.damaged:
        errors.print(f"Set aside because it was damaged: {name}")


def print_shard(shard: Shard, study: Path) -> None:
    """Print where the points of a ``shard`` belong; nothing for a grid in one piece."""
    if shard != WHOLE:
        errors.print(
            f"These were the points of shard {shard}. Put the others in when they are done: "
            f"{next_steps.merge_shards(study)}"
        )


def print_sharing(
    store: str | None, crewed: "Crewed | None", exchange: Exchange | None = None
) -> None:
    """Print where points were sent, what a cluster's workers did, and what others did meanwhile.

    Args:
        store: Its address; None for none, then nothing is printed.
        crewed: What workers did; None without any.
        exchange: With other sweeps; None without a store.
    """
    if crewed is not None and crewed.workers:
        died = counted(crewed.deaths, "worker")
        again = f"; {died} died, and others went on" if crewed.deaths else ""
        errors.print(
            f"{counted(len(crewed.reports), 'part')} on {counted(crewed.workers, 'worker')} in "
            f"{spoken(crewed.seconds)}{again}.", highlight=False,
        )  # fmt: skip
    if exchange is not None and (exchange.taken or exchange.twice):
        errors.print(
            f"Others measured into it at the same time: {counted(exchange.taken, 'point')} taken "
            f"over from them, {exact(exchange.twice)} measured twice.", highlight=False,
        )  # fmt: skip
    if store is not None:
        errors.print(
            f"All of it is in {store} too. Look from anywhere: {next_steps.look_at(store)}",
            highlight=False, markup=False,
        )  # fmt: skip


def print_budget(setting_up: float, budget: float | None) -> None:
    """Print how much of a ``budget`` went by before measuring, in seconds, if it is worth saying.

    Args:
        setting_up: Seconds before measuring.
        budget: Seconds of all; None for no end.
    """
    if budget is not None and setting_up >= _WORTH_SAYING:
        errors.print(
            f"{spoken(setting_up)} of the budget's {spoken(budget)} went into loading, capturing "
            "and checking."
        )


def cost_told(bench: "Workbench", study: StudyFolder, grid: Grid, budgeted: bool) -> str:
    """What the sweep costs at most, and how long sweeps of such points took here before."""
    from prunescope.sweep.preflight import preflight
    from prunescope.sweep.work_list import missing_points, points, samples_left

    measured = study.measured()
    todo = missing_points(points(grid, study.manifest), measured, study.manifest)
    if not todo:
        return ""
    left = samples_left(todo, measured, study.manifest)
    replayed = bench.network.captured is not None
    cost = preflight(study.manifest, todo, left, replayed, budgeted)
    seconds = cost.seconds(last_paces(study.folder))
    time = (
        "how long that takes is said once a few points of every kind have run"
        if seconds is None
        else f"about {forecast_text(seconds / WIDEST, seconds * WIDEST)}, as earlier sweeps took"
    )
    return (
        f"{counted(cost.points, 'point')} on up to "
        f"{counted(len(bench.splits.validation), 'sample')}: at most {macs(cost.macs_bound)} "
        f"({macs(cost.suffix_macs)} behind the pruned layers; the plain loop: "
        f"{macs(cost.macs)}); {time}. The study grows by at most {bytes_(cost.bytes)}."
    )


def _forecast(report: SweepReport) -> str:
    """What was forecast beside what was taken."""
    said = report.forecast
    if said is None:
        return ""
    text = f"Forecast after {counted(said.points, 'run')}: {forecast_text(said.low, said.high)}"
    taken = f"{spoken(report.processor)} ({spoken(report.seconds)} on the clock)"
    if report.within is None:
        return f"{text} for all; {taken} taken so far."
    return f"{text}; taken: {taken}{'' if report.within else ', outside of it'}."


def _work(report: SweepReport) -> str:
    """What the measuring took, against the plain loop and the least that replay can take."""
    text = (
        f"{macs(report.executed)} in {spoken(report.seconds)}, "
        f"{report.executed / max(report.macs, 1):.3g} of the plain loop's {macs(report.macs)}"
    )
    if not report.bound:
        return f"{text}."
    over = report.executed / report.bound - 1
    far = f"{percent(abs(over))} {'above' if over >= 0 else 'below'}"
    return f"{text}; {far} the replay bound (every suffix, one dense pass a walk)."
