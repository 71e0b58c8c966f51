"""Fine-tune a plan: mask, train what is kept, measure before and after, store."""

import copy
import hashlib
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import torch
from safetensors.torch import save
from torch import Tensor, nn

from prunescope.bench.evaluate import Outcome, compare, evaluate
from prunescope.bench.pruned import PruningMasks, select, selected
from prunescope.bench.workbench import Workbench
from prunescope.criteria.scores import Scores
from prunescope.errors import BadReference, CannotPrune, DamagedFile
from prunescope.progress import Progress
from prunescope.recovery.apply import recovered
from prunescope.recovery.training.checkpoint import (
    forget_stopped,
    keep_stopped,
    read_stopped,
)
from prunescope.recovery.training.fine_tuning_report import (
    RESULT,
    WEIGHTS,
    EvaluationSums,
    FineTuned,
    FineTuning,
    SideBySide,
    read_result,
    result_folder,
)
from prunescope.recovery.training.loop import Diverged, train
from prunescope.recovery.training.objective import Task, objective
from prunescope.recovery.training.range_test import range_test
from prunescope.sources.data import Samples
from prunescope.sources.weights import load_weights
from prunescope.store.destinations import require_inside, require_no_source, source_paths
from prunescope.store.files import write_atomically
from prunescope.store.folder import StudyFolder
from prunescope.store.json_documents import write_document
from prunescope.study.plan import Plan
from prunescope.text.scores import words_of

__all__ = ["FineTuned", "FineTuning", "finetune", "read_weights"]

_RETRIES: Final = 2
"""How often training begins again at a tenth of the rate."""


def finetune(
    bench: Workbench,
    study: StudyFolder,
    plan: Plan,
    settings: FineTuning,
    progress: Progress,
    test: bool = False,
) -> FineTuned:
    """Train what ``plan`` leaves of the network on the calibration split; keep the best epoch.

    Without a rate, a short range test chooses one. Where the loss is soon no number, training
    begins again at a tenth of the rate, twice at most. The result names the rate that it was
    trained with, and how that came about.

    A state to go on from is kept after each epoch and every minute: the same call goes on where it
    was stopped or killed, and ends with the weights of a run that never was. Other settings begin
    anew.

    Works on a copy: the bench's network, which is the teacher, is only read. The best epoch is
    the one with the highest validation score; see ``FineTuned`` on what that score is worth.
    ``STUDY/recovered/DIGEST`` receives the whole state dict under the model's own names
    (``weights.safetensors``) and the result (``result.json``), also after a cancellation. A later
    run of the same plan takes their place, but one that was cut short only where it is better.

    Args:
        bench: Network, data, metric.
        study: Where the result is kept.
        plan: Weights that it removes stay zero; units that it removes are gone, and the smaller
            network is trained.
        settings: How to train.
        progress: Told loss, accuracy and rate; asked before each step whether to go on.
        test: Whether to measure dense, pruned and fine-tuned model on the test split too.

    Returns:
        The result that is kept now: this run's, or the better one before it.

    Raises:
        ForeignStudy: Plan or study belong to other weights or data.
        CannotPrune: The plan removes units of a network without a graph.
        DataMismatch: The model gives no class logits, or the labels do not fit them.
        WouldOverwrite: A link leads the folder out of the study, or the study is made from the
            weights that are there.
        BadValue: The loss was no number at any of these rates.
    """
    study.require(bench.manifest)
    plan.require(study.manifest)
    folder = result_folder(study.folder, plan)
    require_inside(folder, study.folder)
    for name in (WEIGHTS, RESULT):
        require_no_source(folder / name, source_paths(study.manifest.reference, study.folder))
    started = time.monotonic()
    asked = settings
    scores = Scores(bench.network, bench.splits.calibration, bench.groups, bench.loss)
    selection = select(plan, scores)
    student = _student(bench, plan, selection)
    masks = _masks(student, selection)
    calibration, validation = bench.splits.calibration, bench.splits.validation
    splits = {"validation": validation} | ({"test": bench.splits.test} if test else {})
    before = {
        name: _outcome(student, bench, split_samples) for name, split_samples in splits.items()
    }
    judge = partial(_score, student, bench, validation)
    teach = objective(
        Task(bench.network.module, bench.metric, bench.loss, bench.batch), calibration, settings
    )
    history = read_stopped(folder, plan.digest, bench.manifest.fingerprint, asked)
    if history.state is None and asked.rate is None:
        tested = range_test(student, calibration, masks, teach, settings, progress)
        progress.advance(0, tested.sentence())
        history = replace(history, range_test=tested)
        settings = replace(settings, rate=tested.chosen)
    elif history.state is not None:
        settings = history.settings
    while True:
        keep = partial(
            keep_stopped, folder, plan.digest, bench.manifest.fingerprint, asked,
            replace(history, settings=settings), started,
        )  # fmt: skip
        try:
            trained = train(
                student, calibration, masks, teach, settings, judge, progress, keep, history.state
            )
            break
        except Diverged:
            if len(history.diverged_at) == _RETRIES:
                forget_stopped(folder)
                raise
            slower = settings.peak / 10
            progress.advance(0, f"diverged at a rate of {settings.peak:g}, again at {slower:g}")
            given_up = (*history.diverged_at, settings.peak)
            history = replace(history, state=None, diverged_at=given_up)
            settings = replace(settings, rate=slower)
    seconds = history.seconds + time.monotonic() - started
    sides = {
        name: _side_by_side(bench, name, before[name], _outcome(student, bench, split_samples))
        for name, split_samples in splits.items()
    }
    content = save({n: t.detach().clone().contiguous() for n, t in student.state_dict().items()})
    result = FineTuned(
        plan=plan,
        settings=settings,
        curve=trained.curve,
        best_epoch=trained.best_epoch,
        ending=trained.ending,
        validation=sides["validation"],
        test=sides.get("test"),
        removed=_elements(bench.network.module)
        - _elements(student)
        + sum(int((~keep).sum()) for keep in masks.values()),
        total=_elements(bench.network.module),
        seconds=seconds,
        threads=torch.get_num_threads(),
        weights_hash=hashlib.sha256(content).hexdigest(),
        range_test=history.range_test,
        diverged_at=history.diverged_at,
        resumed=history.resumed,
        words=words_of(bench.manifest),
    )
    if result.ending != "cancelled":
        forget_stopped(folder)
    if result.ending != "finished" and (previous := _better(folder, result)) is not None:
        progress.advance(0, "kept the better weights of an earlier run")
        return previous
    study.require_present()
    write_atomically(folder / WEIGHTS, content)
    write_document(folder / RESULT, result)
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


def _better(folder: Path, result: FineTuned) -> FineTuned | None:
    """The result in ``folder`` if it is whole and better than ``result``."""
    try:
        read_weights(folder)
        previous = read_result(folder)
    except (BadReference, DamagedFile):
        return None
    return previous if previous.after.score > result.after.score else None


def _student(bench: Workbench, plan: Plan, selection: PruningMasks) -> nn.Module:
    """A network of its own with the plan applied, the plan's own recovery included."""
    with (
        selected(bench.network, selection) as left,
        recovered(bench, plan.recovery, left, selection),
    ):
        try:
            student = copy.deepcopy(left)
        except Exception as error:
            raise CannotPrune(
                f"Expected a model that can be copied to fine-tune it, but copying raised "
                f"{type(error).__name__}: {error}. Fine-tune the exported weights instead."
            ) from error
    for parameter in student.parameters():
        parameter.requires_grad_(parameter.is_floating_point())
    return student


def _masks(student: nn.Module, selection: PruningMasks) -> Mapping[str, Tensor]:
    """What stays zero; in a physically smaller weight, that is what is zero now."""
    if not selection.units:
        return selection.masks
    return {name: student.get_parameter(name).detach() != 0 for name in selection.masks}


def _elements(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in {id(p): p for p in module.parameters()}.values())


def _outcome(module: nn.Module, bench: Workbench, samples: Samples) -> Outcome:
    return evaluate(module, samples, bench.metric, bench.batch)


def _score(module: nn.Module, bench: Workbench, samples: Samples) -> float:
    return _outcome(module, bench, samples).score.double().mean().item()


def _side_by_side(bench: Workbench, name: str, before: Outcome, after: Outcome) -> SideBySide:
    samples = bench.splits.named(name)
    dense = bench.dense if name == "validation" else _outcome(bench.network.module, bench, samples)
    gain = after.score.double() - before.score.double()
    return SideBySide(
        dense_score=dense.score.double().mean().item(),
        before=_sums(bench, dense, before, samples),
        after=_sums(bench, dense, after, samples),
        gain_sum=gain.sum().item(),
        gain_squares=gain.square().sum().item(),
    )


def _sums(bench: Workbench, dense: Outcome, pruned: Outcome, samples: Samples) -> EvaluationSums:
    comparison = compare(dense, pruned, bench.metric.labels(samples.targets), bench.classes)
    labelled = dense.entropy is not None and pruned.entropy is not None
    classes = dense.log_probabilities is not None and pruned.log_probabilities is not None
    return EvaluationSums(
        samples=comparison.samples,
        score_sum=comparison.score_sum,
        drop_sum=comparison.drop_sum,
        drop_squares=comparison.drop_squares,
        entropy_sum=comparison.entropy_sum if labelled else None,
        divergence_sum=comparison.divergence_sum if classes else None,
        agreements=comparison.agreements,
        nonfinite=comparison.nonfinite,
        class_correct=comparison.class_correct,
        scale=bench.manifest.scale,
    )
