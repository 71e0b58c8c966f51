"""What ``sweep`` tells on a terminal: the cost beforehand, and at the end what was done."""

from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Final

from prunescope.cli.terminal import errors
from prunescope.store.folder import StudyFolder
from prunescope.study import Grid
from prunescope.sweep.sweep_report import SweepReport
from prunescope.text.durations import spoken
from prunescope.text.numbers import counted, exact
from prunescope.text.units import bytes_, macs, percent

if TYPE_CHECKING:
    from prunescope.bench.workbench import Workbench

_MOST_REFUSALS: Final = 5


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


def cost_told(bench: "Workbench", study: StudyFolder, grid: Grid) -> str:
    """What the sweep costs at most, by the time that the dense model takes here and now."""
    from prunescope.bench.evaluate import evaluate
    from prunescope.sweep.preflight import preflight
    from prunescope.sweep.work_list import missing_points, points

    todo = missing_points(points(grid, study.manifest), study.measured(), study.manifest)
    if not todo:
        return ""
    cost = preflight(study.manifest, todo)
    some = bench.splits.validation.chunk(0, bench.batch)
    began = monotonic()
    evaluate(bench.network.module, some, bench.metric, bench.batch)
    rate = len(some) / max(monotonic() - began, 1e-6)
    seconds = spoken(cost.seconds(rate, replayed=bench.network.captured is not None))
    return (
        f"{counted(cost.points, 'point')} on up to "
        f"{counted(len(bench.splits.validation), 'sample')}: at most {macs(cost.suffix_macs)} of "
        f"the plain loop's {macs(cost.macs)}, about {seconds} at the dense model's pace here; the "
        f"study grows by at most {bytes_(cost.bytes)}."
    )


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
