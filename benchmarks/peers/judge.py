"""Bring a tool to a budget, and judge what it leaves, recovered in three ways."""

from contextlib import ExitStack
from pathlib import Path
from typing import Final

import torch
from torch import nn

from benchmarks.peers.kept_units import kept_units
from benchmarks.peers.result import Cell, Result
from benchmarks.peers.subject import CALIBRATED, Subject, timed
from benchmarks.peers.tools import Setting
from prunescope.bench.pruned import PruningMasks, selected
from prunescope.capture.network import forward
from prunescope.errors import PrunescopeError
from prunescope.recovery import recovered
from prunescope.recovery.batch_norm import has_batch_norm, reestimate

_HALVINGS: Final = 9
_OVER: Final = 1.01
"""A tool's network may exceed the budget by so much: channels are whole."""
_ALIKE: Final = 1e-4


def judge(subject: Subject, setting: Setting, budget: float, cache: Path) -> Result:
    """Return the line of ``setting``; where the tool fails, with why and without numbers."""
    line = Result(subject.name, budget, setting.tool, setting.name, 0.0)
    if setting.missing:
        return _noted(line, f"not installed: pip install {setting.package}")
    if setting.labels and not subject.labels:
        return _noted(line, "needs labels")
    (module, note), seconds = timed(lambda: _at(subject, setting, budget, cache))
    if module is None:
        return Result(subject.name, budget, setting.tool, setting.name, seconds, note=note)
    share = round(subject.macs_of(module) / subject.macs, 4)
    cells = {"none": Cell(subject.lost(module), 0.0, share)}
    refit, why = _refit(subject, module, share) if setting.refit else (None, "")
    if refit is not None:
        cells["ls"] = refit
    if has_batch_norm(module):
        samples = subject.bench.splits.calibration.chunk(0, CALIBRATED)
        _, taken = timed(lambda: reestimate(module, samples))
        cells["bn"] = Cell(subject.lost(module), taken, share)
    note = ". ".join(each for each in (note, why) if each)
    return Result(subject.name, budget, setting.tool, setting.name, seconds, cells, note)


def _noted(line: Result, note: str) -> Result:
    return Result(line.network, line.budget, line.tool, line.setting, line.seconds, note=note)


def _at(
    subject: Subject, setting: Setting, budget: float, cache: Path
) -> tuple[nn.Module | None, str]:
    """What the tool leaves of the network within the budget; or None, and why."""
    if setting.by_budget:
        module, why = _tried(subject, setting, budget, cache)
        return module, why
    low, high, best, why = 0.0, 1.0, None, ""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        module, failed = _tried(subject, setting, middle, cache)
        if module is None:
            why, high = failed, middle
        elif subject.macs_of(module) > _OVER * budget * subject.macs:
            low = middle
        else:
            best, high, why = module, middle, ""
    if best is None:
        return None, why or "keeps more at every ratio"
    return best, ""


def _tried(
    subject: Subject, setting: Setting, amount: float, cache: Path
) -> tuple[nn.Module | None, str]:
    """Other people's code may raise anything; the line says what."""
    torch.manual_seed(0)
    try:
        module = setting.prune(subject, amount, cache).eval()
        with torch.no_grad():
            forward(module, subject.example)
    except Exception as error:  # noqa: BLE001 - a tool that fails is a line of the table
        text = (str(error).splitlines() or [""])[0][:90]
        return None, f"{type(error).__name__}: {text}"
    return module, ""


def _refit(subject: Subject, module: nn.Module, share: float) -> tuple[Cell | None, str]:
    """The same units removed here, and refit by least squares; or None, and why."""
    bench = subject.bench
    units = kept_units(subject.build(), module, bench.groups)
    if units is None:
        return None, "its choice is not one of whole units of our groups"
    selection = PruningMasks(units=units)
    try:
        with ExitStack() as stack, torch.no_grad():
            left = stack.enter_context(selected(bench.network, selection))
            ours, theirs = forward(left, subject.example), forward(module, subject.example)
            alike = float((ours - theirs).abs().max() / ours.abs().max()) <= _ALIKE
            _, seconds = timed(lambda: stack.enter_context(recovered(bench, "ls", left, selection)))
            cell = Cell(subject.lost(left), seconds, share)
    except PrunescopeError as reason:
        return None, str(reason).split(". ")[0]
    return cell, "" if alike else "its network computes something else than one without its units"
