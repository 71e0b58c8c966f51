"""Rounds that are solved anew: solved once each, however often training is stopped in them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol

from torch import Tensor

from prunescope.bench.workbench import Workbench
from prunescope.errors import DamagedFile
from prunescope.progress import Progress
from prunescope.recovery.training.checkpoint import Identity
from prunescope.recovery.training.rounds import RoundsDone, SolvedRound
from prunescope.store.json_documents import read_document, write_document
from prunescope.study.plan import Plan

_SOLVED: Final = "solved.json"
"""What the round that is trained now takes away, beside the result."""


class SolveRound(Protocol):
    """Solves which layer gives how much in one round."""

    def __call__(
        self,
        bench: Workbench,
        zeros: Mapping[str, Tensor],
        number: int,
        rounds: int,
        progress: Progress,
    ) -> SolvedRound:
        """Return what leaves the network of ``bench``, which is tuned by now.

        Args:
            bench: Of that network.
            zeros: Where weights were set to zero before, by parameter.
            number: Of the round, from 1.
            rounds: Of the schedule.
            progress: Asked whether to go on.

        Raises:
            Cancelled: Somebody asked to stop.
        """


@dataclass(frozen=True)
class _Kept:
    """A solved round, and of what.

    Attributes:
        of: The training and its round.
        solved: What was solved.
    """

    of: Identity
    solved: SolvedRound


def solved_once(folder: Path, identity: Identity, solve: Callable[[], SolvedRound]) -> SolvedRound:
    """Return what was solved of this round before, else solve it and keep it.

    Solving under a limit of time need not give the same twice, and what is trained has its masks.

    Args:
        folder: Of the result.
        identity: Of the training, its round included.
        solve: Solves it.
    """
    path = folder / _SOLVED
    if path.is_file():
        try:
            kept = read_document(_Kept, path)
        except DamagedFile:
            kept = None
        if kept is not None and kept.of == identity:
            return kept.solved
    solved = solve()
    folder.mkdir(parents=True, exist_ok=True)
    write_document(path, _Kept(identity, solved))
    return solved


def forget_solved(folder: Path) -> None:
    """Remove what was solved: the round is over."""
    (folder / _SOLVED).unlink(missing_ok=True)


def with_solved(
    bench: Workbench, plan: Plan, done: RoundsDone, masks: Mapping[str, Tensor], solved: SolvedRound
) -> RoundsDone:
    """Return the history with the last round's front, and what it has reached by subject.

    Args:
        bench: Of the dense network.
        plan: Whose subjects are pruned.
        done: The last round is the one that was solved.
        masks: What stays after it, by parameter.
        solved: It.
    """
    sparsities = {}
    for group in bench.groups:
        if group.name in plan.active():
            sparsities[group.name] = len(done.gone.get(group.name, ())) / group.units
    for layer in bench.network.prunable():
        if layer.name in plan.active() and layer.parameter in masks:
            keep = masks[layer.parameter]
            sparsities[layer.name] = float((~keep).double().mean())
    last = replace(done.rounds[-1], front=solved.front, sparsities=sparsities)
    notes = (*done.notes, *((solved.note,) if solved.note else ()))
    return replace(done, rounds=(*done.rounds[:-1], last), notes=tuple(dict.fromkeys(notes)))
