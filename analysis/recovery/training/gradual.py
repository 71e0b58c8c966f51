"""Reach a plan in rounds: prune a little, recover, train, score anew, prune further."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from prunescope.bench.pruned import PruningMasks
from prunescope.bench.workbench import Workbench
from prunescope.errors import Cancelled, PrunescopeError
from prunescope.fence.safetensors_files import require_honest_tensors
from prunescope.progress import Progress
from prunescope.recovery.training.checkpoint import Identity, forget_stopped
from prunescope.recovery.training.compare_sides import mean_score
from prunescope.recovery.training.features import with_features
from prunescope.recovery.training.fine_tuning_settings import FineTuning
from prunescope.recovery.training.gradual_selection import masked_parameters
from prunescope.recovery.training.objective import OutputLoss
from prunescope.recovery.training.round_progress import RoundProgress
from prunescope.recovery.training.round_selection import bench_of, round_selection
from prunescope.recovery.training.rounds import Round, RoundsDone, SolvedRound, round_settings
from prunescope.recovery.training.solved_round import (
    SolveRound,
    forget_solved,
    solved_once,
    with_solved,
)
from prunescope.recovery.training.student import elements, make_student, masks_of, weights_of
from prunescope.recovery.training.train_student import Learnt, Lesson, train_student
from prunescope.recovery.training.training_batch import Feed
from prunescope.store.files import write_atomically
from prunescope.store.json_documents import from_json, to_json
from prunescope.study.plan import Plan

__all__ = ["ROUNDS", "Reached", "SolveRound", "forget_rounds", "in_rounds"]

ROUNDS: Final = "rounds.safetensors"
"""The network and its history between two rounds, beside the result."""
_DONE: Final = "done"
_OF: Final = "of"


@dataclass(frozen=True)
class Reached:
    """A plan that was reached in rounds.

    Attributes:
        student: With the weights of the last round's best epoch.
        masks: What stays in it, by parameter.
        done: Rounds, curve, and the units that are gone.
        learnt: Of the last round.
    """

    student: nn.Module
    masks: Mapping[str, Tensor]
    done: RoundsDone
    learnt: Learnt


def in_rounds(
    bench: Workbench,
    plan: Plan,
    asked: FineTuning,
    folder: Path,
    identity: Identity,
    feed: Callable[[], Feed],
    objective: OutputLoss,
    progress: Progress,
    solve: SolveRound | None = None,
) -> Reached:
    """Prune and train in ``asked.rounds`` rounds, from where an earlier run of the same stopped.

    Args:
        bench: Its dense network is the teacher.
        plan: That is reached in the last round.
        asked: Epochs or seconds are of all rounds together.
        folder: Where the network between rounds, and the state within one, are kept.
        identity: Of what these are; its round is not read.
        feed: Gives a fresh feed for a round.
        objective: Loss of outputs and their batch.
        progress: Told readings; asked before each step whether to go on.
        solve: Solves each round anew; None to reach the plan's own sparsities.

    Raises:
        Cancelled: Stopped before the last round, where the plan is not reached yet.
        Diverged: A round's loss was no number at any of three rates.

    Source: Zhu, Gupta 2017, *To prune, or not to prune* (arXiv 1710.01878): gradual beats at once.
    """
    done, student = _read_rounds(bench, folder, identity)
    masks: Mapping[str, Tensor] = {}
    learnt: Learnt | None = None
    for number in range(len(done.rounds) + 1, asked.rounds + 1):
        current = bench if student is None else bench_of(bench, student, bool(done.gone))
        zeros = {} if student is None else _zeros(bench, plan, student)
        solved = SolvedRound(None)
        if solve is not None:
            same = replace(identity, round=number)
            solved = solved_once(
                folder, same, partial(solve, current, zeros, number, asked.rounds, progress)
            )
        if solved.plan is not None:
            selection = round_selection(current, solved.plan, 1, 1, {}, zeros)
        else:
            selection = round_selection(current, plan, number, asked.rounds, done.gone, zeros)
        student = make_student(current, plan.recovery, selection)
        masks = masks_of(student, selection)
        gone = _gone(bench, done.gone, selection.units)
        reached = with_features(objective, bench, asked.features, student, _left(bench, gone))
        told = RoundProgress(progress, number, asked.rounds, done)
        pruned_score = mean_score(student, bench)
        lesson = Lesson(
            student, masks, feed(), reached,
            lambda student=student: mean_score(student, bench),  # type: ignore[misc]
        )  # fmt: skip
        learnt = train_student(
            lesson, round_settings(asked, number), folder, replace(identity, round=number), told,
            done.seconds,
        )  # fmt: skip
        done = _after(bench, done, number, gone, student, masks, learnt, pruned_score)
        if solve is not None:
            done = with_solved(bench, plan, done, masks, solved)
        if learnt.trained.ending == "cancelled" and number < asked.rounds:
            raise Cancelled(
                f"Expected {asked.rounds} rounds of fine-tuning, but it was stopped in round "
                f"{number}. The same command goes on from there."
            )
        if number < asked.rounds:
            _keep_rounds(folder, identity, done, student)
            forget_stopped(folder)
            forget_solved(folder)
    assert student is not None
    assert learnt is not None
    return Reached(student, masks, done, learnt)


def forget_rounds(folder: Path) -> None:
    """Remove what is kept between rounds: the schedule is over."""
    (folder / ROUNDS).unlink(missing_ok=True)
    forget_solved(folder)


def _after(
    bench: Workbench,
    done: RoundsDone,
    number: int,
    gone: dict[str, tuple[int, ...]],
    student: nn.Module,
    masks: Mapping[str, Tensor],
    learnt: Learnt,
    pruned_score: float,
) -> RoundsDone:
    """The history with one round more."""
    trained, settings = learnt.trained, learnt.settings
    first = done.curve[-1].step if done.curve else 0
    epochs = done.curve[-1].epoch if done.curve else 0.0
    curve = tuple(
        replace(reading, step=first + reading.step, epoch=epochs + reading.epoch)
        for reading in trained.curve
    )
    scores = [reading.score for reading in trained.curve if reading.score is not None]
    seconds = done.seconds + learnt.seconds
    network = bench_of(bench, student, bool(gone)).network
    last = Round(
        number=number,
        parameters=elements(student) - sum(int((~keep).sum()) for keep in masks.values()),
        macs=network.cost.macs if network.cost else 0,
        pruned_score=pruned_score,
        score=max(scores),
        rate=settings.peak,
        epochs=settings.epochs,
        best_epoch=trained.best_epoch,
        ending=trained.ending,
        seconds=seconds,
        step=curve[-1].step,
    )
    return RoundsDone(
        (*done.rounds, last),
        done.curve + curve,
        gone,
        done.range_tests + ((learnt.range_test,) if learnt.range_test else ()),
        done.diverged_at + learnt.diverged_at,
        tuple(dict.fromkeys((*done.notes, *trained.notes))),
        seconds,
        done.resumed + learnt.resumed,
        settings,
    )


def _gone(
    bench: Workbench, before: Mapping[str, tuple[int, ...]], units: Mapping[str, Tensor]
) -> dict[str, tuple[int, ...]]:
    """The dense network's units that are gone once ``units`` of what was left leave as well."""
    after = dict(before)
    for group in bench.groups:
        if group.name in units:
            left = sorted(set(range(group.units)) - set(before.get(group.name, ())))
            leave = (~units[group.name]).nonzero().flatten().tolist()
            after[group.name] = tuple(
                sorted((*before.get(group.name, ()), *(left[place] for place in leave)))
            )
    return after


def _zeros(bench: Workbench, plan: Plan, student: nn.Module) -> dict[str, Tensor]:
    """Where the rounds before have set weights to zero."""
    return {
        name: student.get_parameter(name).detach() == 0 for name in masked_parameters(bench, plan)
    }


def _keep_rounds(folder: Path, identity: Identity, done: RoundsDone, student: nn.Module) -> None:
    texts = {_OF: to_json(replace(identity, round=0)), _DONE: to_json(done)}
    write_atomically(folder / ROUNDS, save(weights_of(student), texts))


def _read_rounds(
    bench: Workbench, folder: Path, identity: Identity
) -> tuple[RoundsDone, nn.Module | None]:
    """What an earlier run of the same left, and the network; nothing where it fits no more."""
    path, nothing = folder / ROUNDS, (RoundsDone(), None)
    if not path.is_file():
        return nothing
    try:
        require_honest_tensors(path)
        with safe_open(path, "pt") as file:
            texts: Mapping[str, str] = file.metadata() or {}
            if from_json(Identity, texts.get(_OF, ""), str(path)) != replace(identity, round=0):
                return nothing
            done = from_json(RoundsDone, texts.get(_DONE, ""), str(path))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        student = _student_of(bench, done)
        student.load_state_dict(tensors)
    except (PrunescopeError, SafetensorError, OSError, RuntimeError):
        return nothing
    return replace(done, resumed=done.resumed + 1), student


def _student_of(bench: Workbench, done: RoundsDone) -> nn.Module:
    """The network without the units that are gone."""
    return make_student(bench, "none", PruningMasks({}, _left(bench, done.gone)))


def _left(bench: Workbench, gone: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """Which of the dense network's units stay, by group that lost some."""
    units = {}
    for group in bench.groups:
        if gone.get(group.name):
            units[group.name] = torch.ones(group.units, dtype=torch.bool)
            units[group.name][list(gone[group.name])] = False
    return units
