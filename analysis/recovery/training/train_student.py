"""Train a student: choose its rate and its epochs, begin again where it diverges, go on later."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from torch import Tensor, nn

from prunescope.progress import Progress
from prunescope.recovery.training.checkpoint import (
    Identity,
    forget_stopped,
    keep_stopped,
    read_stopped,
)
from prunescope.recovery.training.fine_tuning_settings import FineTuning
from prunescope.recovery.training.loop import Diverged, Trained, train
from prunescope.recovery.training.objective import Objective
from prunescope.recovery.training.range_test import range_test
from prunescope.recovery.training.training_batch import Feed
from prunescope.recovery.training.training_curve import RangeTest

_RETRIES: Final = 2
"""How often training begins again at a tenth of the rate."""
_LEAST: Final = 1e-9


@dataclass(frozen=True)
class Lesson:
    """What is trained, on what, and by whose word it is good.

    Attributes:
        student: Pruned already; trained in place.
        masks: Parameter name → bool like it, True = keep.
        feed: Of the batches, at its beginning.
        objective: Loss of outputs and their batch.
        judge: Returns the student's mean validation score; higher is better.
        judge_seconds: That one judgement took.
    """

    student: nn.Module
    masks: Mapping[str, Tensor]
    feed: Feed
    objective: Objective
    judge: Callable[[], float]
    judge_seconds: float = 0.0


@dataclass(frozen=True)
class Learnt:
    """How a student was trained.

    Attributes:
        trained: Best epoch, curve, ending, notes.
        settings: In force at the end: rate and epochs chosen.
        range_test: By which the rate was chosen, where it was.
        diverged_at: Rates that were given up.
        seconds: Spent, those before a stop included.
        resumed: How often it was gone on with.
    """

    trained: Trained
    settings: FineTuning
    range_test: RangeTest | None
    diverged_at: tuple[float, ...]
    seconds: float
    resumed: int


def train_student(
    lesson: Lesson, asked: FineTuning, folder: Path, identity: Identity, progress: Progress,
    spent: float = 0.0,
) -> Learnt:  # fmt: skip
    """Train as ``asked``, from where an earlier run of the same stopped, if one did.

    Args:
        lesson: What is trained; its student is left with the weights of its best epoch.
        asked: Where it has no rate, a range test chooses one; where it has seconds, they choose
            the epochs.
        folder: In which the state is kept.
        identity: Of what the state is.
        progress: Told readings; asked before each step whether to go on.
        spent: Seconds of earlier rounds, from which the curve counts on.

    Raises:
        Diverged: The loss was no number at any of three rates.
    """
    started = time.monotonic()
    history = read_stopped(folder, identity)
    settings = history.settings if history.state is not None else asked
    lesson.feed.steps = settings.epoch_steps or lesson.feed.steps
    if history.state is None and (asked.rate is None or asked.seconds is not None):
        tested = range_test(
            lesson.student, lesson.feed, lesson.masks, lesson.objective, asked, progress
        )
        if asked.rate is None:
            progress.advance(0, tested.sentence())
            history = replace(history, range_test=tested)
            settings = replace(settings, rate=tested.chosen)
        settings = _within_seconds(settings, lesson, tested)
    while True:
        keep = partial(keep_stopped, folder, identity, replace(history, settings=settings), started)
        try:
            trained = train(
                lesson.student, lesson.feed, lesson.masks, lesson.objective, settings,
                lesson.judge, progress, keep, history.state,
                spent + history.seconds + time.monotonic() - started,
            )  # fmt: skip
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
            lesson.feed.rewind()
    seconds = history.seconds + time.monotonic() - started
    return Learnt(
        trained, settings, history.range_test, history.diverged_at, seconds, history.resumed
    )


def _within_seconds(settings: FineTuning, lesson: Lesson, tested: RangeTest) -> FineTuning:
    """The settings with as many epochs as fit into their seconds; shorter ones where not one does.

    Which epochs these are is decided once, so that a run that goes on is the same run.
    """
    if settings.seconds is None:
        return settings
    left = settings.seconds - tested.seconds - lesson.judge_seconds
    step = max(tested.seconds / tested.steps, _LEAST)
    epochs = int(left / (lesson.feed.steps * step + lesson.judge_seconds))
    if epochs >= 1:
        return replace(settings, epochs=epochs)
    lesson.feed.steps = max(int((left - lesson.judge_seconds) / step), 1)
    return replace(settings, epochs=1, epoch_steps=lesson.feed.steps)
