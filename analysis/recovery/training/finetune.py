"""Fine-tune a plan: mask, train what is kept, measure before and after, store."""

import hashlib
import platform
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor, nn

from prunescope.bench.device import device_of
from prunescope.bench.evaluate import Outcome
from prunescope.bench.pruned import select
from prunescope.bench.workbench import Workbench
from prunescope.criteria.scores import Scores
from prunescope.errors import BadReference, DamagedFile
from prunescope.progress import Progress
from prunescope.recovery.training.checkpoint import Identity, forget_stopped
from prunescope.recovery.training.compare_sides import mean_score, outcome, side_by_side
from prunescope.recovery.training.features import with_features
from prunescope.recovery.training.fine_tuning_report import (
    RESULT,
    WEIGHTS,
    FineTuned,
    read_result,
    result_folder,
)
from prunescope.recovery.training.fine_tuning_settings import FineTuning
from prunescope.recovery.training.gradual import SolveRound, forget_rounds, in_rounds
from prunescope.recovery.training.objective import Task, objective
from prunescope.recovery.training.optimizers import require_optimizer
from prunescope.recovery.training.round_selection import require_rounds
from prunescope.recovery.training.rounds import RoundsDone
from prunescope.recovery.training.student import elements, make_student, masks_of, weights_of
from prunescope.recovery.training.train_student import Learnt, Lesson, train_student
from prunescope.recovery.training.training_data import LiveData, training_data
from prunescope.recovery.training.training_step import require_amp
from prunescope.sources.weights import load_weights
from prunescope.store.destinations import require_inside, require_no_source, source_paths
from prunescope.store.files import write_atomically
from prunescope.store.folder import StudyFolder
from prunescope.store.json_documents import write_document
from prunescope.study.plan import Plan
from prunescope.text.scores import words_of

__all__ = ["FineTuned", "FineTuning", "LiveData", "finetune", "read_weights"]


def finetune(
    bench: Workbench,
    study: StudyFolder,
    plan: Plan,
    settings: FineTuning,
    progress: Progress,
    test: bool = False,
    live: LiveData | None = None,
    solve: SolveRound | None = None,
) -> FineTuned:
    """Train what ``plan`` leaves of the network, and keep the best epoch.

    Without a rate, a short range test chooses one. Where the loss is soon no number, training
    begins again at a tenth of the rate, twice at most. The result names the rate that it was
    trained with, and how that came about. With ``rounds``, the plan is reached little by little.

    A state to go on from is kept after each epoch and every minute: the same call goes on where it
    was stopped or killed, and ends with the weights of a run that never was. Other settings begin
    anew.

    Works on a copy: the bench's network, which is the teacher, is only read. The best epoch is
    the one with the highest validation score; see ``FineTuned`` on what that score is worth.
    ``STUDY/recovered/DIGEST`` (``DIGEST-gradual`` or ``DIGEST-resolved`` with rounds) receives the
    whole state dict under the model's own names (``weights.safetensors``) and the result
    (``result.json``), also after a cancellation. A later run of the same plan takes their place,
    but one that was cut short only where it is better.

    Args:
        bench: Network, data, metric.
        study: Where the result is kept.
        plan: Weights that it removes stay zero; units that it removes are gone, and the smaller
            network is trained.
        settings: How to train.
        progress: Told loss, accuracy and rate; asked before each step whether to go on.
        test: Whether to measure dense, pruned and fine-tuned model on the test split too.
        live: A loader or a transform given in Python, which the settings only name.
        solve: Solves a round anew where the settings ask for it, as ``api.solve_round`` does.

    Returns:
        The result that is kept now: this run's, or the better one before it.

    Raises:
        ForeignStudy: Plan or study belong to other weights or data.
        CannotPrune: The plan removes units of a network without a graph.
        DataMismatch: The model gives no class logits, or the labels do not fit them.
        WouldOverwrite: A link leads the folder out of the study, or the study is made from the
            weights that are there.
        BadValue: The loss was no number at any of these rates, or the device has no float16.
        Cancelled: Stopped in a round before the last.
        StorageFailure: The result cannot be written; the state of the last minute stays.
    """
    study.require(bench.manifest)
    plan.require(study.manifest)
    require_optimizer(settings)
    require_amp(settings, device_of(bench.network.module))
    if settings.rounds > 1:
        require_rounds(plan)
    folder = result_folder(study.folder, plan, settings.schedule)
    require_inside(folder, study.folder)
    for name in (WEIGHTS, RESULT):
        require_no_source(folder / name, source_paths(study.manifest.reference, study.folder))
    started = time.monotonic()
    scores = Scores(bench.network, bench.splits.calibration, bench.groups, bench.loss)
    selection = select(plan, scores)
    student = make_student(bench, plan.recovery, selection)
    masks = masks_of(student, selection)
    splits = ("validation", "test") if test else ("validation",)
    judging = time.monotonic()
    before = {name: outcome(student, bench, name) for name in splits}
    judging = (time.monotonic() - judging) / len(splits)
    teach = objective(
        Task(bench.network.module, bench.metric, bench.loss, bench.batch),
        bench.splits.calibration, settings,
    )  # fmt: skip
    make_data = partial(training_data, bench, settings, live or LiveData())
    data = make_data()
    identity = Identity(plan.digest, bench.manifest.fingerprint, settings, data.sources)
    if settings.rounds > 1:
        reached = in_rounds(
            bench,
            plan,
            settings,
            folder,
            identity,
            lambda: make_data().feed,
            teach,
            progress,
            solve if settings.resolve else None,
        )
        student, masks, learnt, done = (
            reached.student, reached.masks, reached.learnt, reached.done
        )  # fmt: skip
    else:
        judge = partial(mean_score, student, bench)
        taught = with_features(teach, bench, settings.features, student, selection.units)
        lesson = Lesson(student, masks, data.feed, taught, judge, judging)
        prepared = time.monotonic() - started
        learnt, done = train_student(lesson, settings, folder, identity, progress), None
        learnt = replace(learnt, seconds=learnt.seconds + prepared)
    after = {name: outcome(student, bench, name) for name in splits}
    content = save(weights_of(student))
    result = _result(
        _Ran(bench, plan, settings, data.sources, learnt, done),
        before, after, student, masks, hashlib.sha256(content).hexdigest(),
    )  # fmt: skip
    if result.ending != "finished" and (previous := _better(folder, result)) is not None:
        if result.ending != "cancelled":
            _forget(folder)
        progress.advance(0, "kept the better weights of an earlier run")
        return previous
    study.require_present()
    write_atomically(folder / WEIGHTS, content)
    write_document(folder / RESULT, result)
    if result.ending != "cancelled":  # only now: on a full disk, the last minute's state is all
        _forget(folder)
    return result


def read_weights(folder: Path) -> dict[str, Tensor]:
    """Return the fine-tuned state dict in ``folder``, checked against its result.

    Raises:
        BadReference: Nothing was fine-tuned there.
        DamagedFile: The weights are not those that the result was measured with.
    """
    result = read_result(folder)
    path = folder / WEIGHTS
    weights = load_weights(path)
    if hashlib.sha256(path.read_bytes()).hexdigest() != result.weights_hash:
        raise DamagedFile(
            f"Expected {path} to hold the weights that {RESULT} was measured with, but it holds "
            "others. Fine-tune the plan again."
        )
    return weights


@dataclass(frozen=True)
class _Ran:
    """What ran."""

    bench: Workbench
    plan: Plan
    asked: FineTuning
    sources: Mapping[str, str]
    learnt: Learnt
    done: RoundsDone | None


def _result(
    ran: _Ran,
    before: Mapping[str, Outcome],
    after: Mapping[str, Outcome],
    student: nn.Module,
    masks: Mapping[str, Tensor],
    weights_hash: str,
) -> FineTuned:
    bench, learnt, done = ran.bench, ran.learnt, ran.done
    sides = {name: side_by_side(bench, name, before[name], after[name]) for name in before}
    settings = learnt.settings
    if done is not None:  # of all rounds together, as they were asked for
        epochs = sum(each.epochs for each in done.rounds)
        settings = replace(
            settings,
            rounds=ran.asked.rounds,
            epochs=epochs,
            seconds=ran.asked.seconds,
            resolve=ran.asked.resolve,
        )
    return FineTuned(
        plan=ran.plan,
        settings=settings,
        curve=done.curve if done else learnt.trained.curve,
        best_epoch=learnt.trained.best_epoch,
        ending=learnt.trained.ending,
        validation=sides["validation"],
        test=sides.get("test"),
        removed=elements(bench.network.module)
        - elements(student)
        + sum(int((~keep).sum()) for keep in masks.values()),
        total=elements(bench.network.module),
        seconds=done.seconds if done else learnt.seconds,
        threads=torch.get_num_threads(),
        weights_hash=weights_hash,
        range_test=learnt.range_test,
        diverged_at=done.diverged_at if done else learnt.diverged_at,
        resumed=done.resumed if done else learnt.resumed,
        words=words_of(bench.manifest),
        rounds=done.rounds if done else (),
        gone=done.gone if done else {},
        notes=done.notes if done else learnt.trained.notes,
        provenance={
            "torch": torch.__version__,
            "device": str(device_of(bench.network.module)),
            "processor": platform.machine(),
            **ran.sources,
        },
    )


def _forget(folder: Path) -> None:
    """Remove what is kept to go on from."""
    forget_stopped(folder)
    forget_rounds(folder)


def _better(folder: Path, result: FineTuned) -> FineTuned | None:
    """The result in ``folder`` if it is whole and better than ``result``."""
    try:
        read_weights(folder)
        previous = read_result(folder)
    except (BadReference, DamagedFile):
        return None
    return previous if previous.after.score > result.after.score else None
