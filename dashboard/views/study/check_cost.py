"""What the sweep of a study costs that was looked at and is not made yet. No Streamlit."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from prunescope.commands import Sweep
from prunescope.store.folder import StudyFolder
from prunescope.study import Grid, parse_methods, parse_sparsities
from prunescope.sweep.forecast import WIDEST
from prunescope.sweep.pace import first_forecast, last_paces
from prunescope.sweep.preflight import preflight
from prunescope.sweep.work_list import missing_points, points
from prunescope.text import units
from prunescope.text.durations import spoken
from prunescope.text.numbers import counted, exact


@dataclass(frozen=True)
class CheckCost:
    """What is asked, in points and passes, and how long that takes on this machine.

    Attributes:
        points: Of the whole sweep.
        measured: Of those, what the check measured to time them; they stay.
        passes: Evaluations of one sample by one pruned network.
        macs: Multiply-accumulates that replay executes at most.
        bytes: The study's growth at most.
        low: Lower end of the seconds on the clock; None where not every kind of point was timed.
        high: Upper end.
    """

    points: int
    measured: int
    passes: int
    macs: int
    bytes: int
    low: float | None
    high: float | None

    @property
    def left(self) -> int:
        """Points that are still to be measured."""
        return self.points - self.measured

    def sentence(self) -> str:
        """Return it in words."""
        work = (
            f"{counted(self.points, 'point')}, {exact(self.passes)} forward passes of one sample, "
            f"at most {units.macs(self.macs)} and {units.bytes_(self.bytes)} on the disk"
        )
        if self.low is None or self.high is None:
            time = "how long that takes is said once a point of every kind has run"
        else:
            ends = dict.fromkeys((spoken(self.low), spoken(self.high)))
            time = f"{' to '.join(ends)} on this machine, as timed by the check"
        known = (
            f" {exact(self.measured)} of the points were measured for that, and stay."
            if self.measured
            else ""
        )
        return f"The sweep: {work}; {time}.{known}"


def asked(arguments: Sequence[str]) -> Sweep:
    """Return the sweep that goes on with a study which a job with ``arguments`` has begun."""
    usual = Sweep()
    methods = _value(arguments, "methods")
    return Sweep(
        methods=usual.methods if methods is None else tuple(methods.split(",")),
        sparsities=_value(arguments, "sparsities") or usual.sparsities,
    )


def check_cost(opened: StudyFolder, request: Sweep) -> CheckCost:
    """Return what ``request`` costs in the study ``opened``, whose check has timed some of it."""
    manifest = opened.manifest
    grid = Grid(parse_methods(",".join(request.methods)), parse_sparsities(request.sparsities))
    wanted = points(grid, manifest)
    todo = missing_points(wanted, opened.measured(), manifest)
    cost = preflight(manifest, wanted, replayed=manifest.capture_problem is None)
    said = first_forecast(opened.folder)
    low: float | None
    high: float | None
    if said is not None:
        low, high = said.low * said.stretch, said.high * said.stretch
    else:
        paces = last_paces(opened.folder)
        seconds = cost.seconds(paces)
        stretch = max((pace.stretch for pace in paces.values()), default=1.0)
        low = high = None
        if seconds is not None:
            low, high = seconds * stretch / WIDEST, seconds * stretch * WIDEST
    return CheckCost(
        len(wanted), len(wanted) - len(todo), cost.samples, cost.macs_bound, cost.bytes, low, high
    )


def _value(arguments: Sequence[str], name: str) -> str | None:
    spelled = Sweep.spelling(name)
    return next((value for option, value in pairwise(arguments) if option == spelled), None)
