"""Train a pruned network while its zeros stay zero, and keep the best epoch."""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

import torch
from torch import Tensor, nn

from prunescope.commands import next_steps
from prunescope.errors import BadValue, Cancelled, StorageFailure
from prunescope.progress import Progress
from prunescope.recovery.training.fine_tuning_settings import FineTuning
from prunescope.recovery.training.objective import Objective
from prunescope.recovery.training.training_batch import Feed
from prunescope.recovery.training.training_curve import Ending, Reading
from prunescope.recovery.training.training_run import TrainingRun, TrainingState, put
from prunescope.recovery.training.user_stream import StreamEnded

KEEP_EVERY: Final = 60.0
"""Seconds after which a state to go on from is kept, within an epoch too."""

Keep = Callable[[TrainingState], None]


class Diverged(BadValue):
    """The loss was no number before any epoch had improved the network."""


@dataclass(frozen=True)
class Trained:
    """What a training gave.

    Attributes:
        best_epoch: Whose weights the module holds now; 0: as it came.
        curve: Readings in order.
        ending: How it ended.
        notes: Sentences on the data, and on states that could not be kept.
    """

    best_epoch: int
    curve: tuple[Reading, ...]
    ending: Ending
    notes: tuple[str, ...] = ()


def train(
    module: nn.Module,
    feed: Feed,
    masks: Mapping[str, Tensor],
    objective: Objective,
    settings: FineTuning,
    judge: Callable[[], float],
    progress: Progress,
    keep: Keep | None = None,
    state: TrainingState | None = None,
    spent: float = 0.0,
) -> Trained:
    """Train ``module`` in place and leave it with the weights of its best epoch.

    A cosine schedule after a linear warm-up. Gradients and weights that the masks remove are set to
    0 at every step, so removed weights are exactly 0 at any time. Cancelling or Ctrl-C ends it
    before the next step; so do a loss that is no number, patience that is at its end, and data
    that are.

    Args:
        module: In evaluation mode, already masked: a captured graph of any size, or a module.
        feed: Of the batches, at its beginning.
        masks: Parameter name → bool like it, True = keep; empty for a physically smaller network.
        objective: Loss of outputs and their batch.
        settings: See ``FineTuning``.
        judge: Returns the module's mean validation score; higher is better.
        progress: Told step, epoch, loss and rate, and after each epoch the accuracy.
        keep: Given the state to go on from after each epoch, every ``KEEP_EVERY`` seconds, and
            when it is cancelled.
        state: Of an earlier run with the same settings, which is gone on with: the weights become
            those of a run that never stopped, bit for bit on as many threads. One that does not
            fit is left aside.
        spent: Seconds before this run.

    Raises:
        Diverged: The loss was no number before any epoch had improved the network, which is left
            as it came.
    """
    kept, unkept = time.monotonic(), ""

    def rest(now: bool = False) -> None:
        nonlocal kept, unkept
        if keep is None or not run.whole or not (now or time.monotonic() - kept > KEEP_EVERY):
            return
        kept = time.monotonic()
        try:
            keep(run.state())
            unkept = ""
        except (
            StorageFailure
        ) as failure:  # what was kept before is whole: nothing is lost by going on
            unkept = f"The state to go on from could not be kept at step {run.step}: {failure}"
            progress.advance(0, unkept)

    run = TrainingRun(module, feed, masks, objective, settings, progress, rest, spent)
    progress.start(run.total, "fine-tuning")
    ending: Ending = "finished"
    with _seeded(settings.seed):
        if state is not None and run.fits(state):
            progress.advance(0, "skips forward to where it was")
            run.go_on(state)
            progress.advance(run.step, f"goes on after step {run.step}")
        else:
            run.judged(0, run.score(judge))
            run.note(Reading(0, 0.0, 0.0, score=run.best_score))
        try:
            for epoch in range(run.step // run.steps + 1, settings.epochs + 1):
                last = run.epoch()
                score = run.score(judge)
                run.note(replace(last, score=score))
                run.judged(epoch, score)
                if settings.patience is not None and epoch - run.best_epoch >= settings.patience:
                    ending = "early" if epoch < settings.epochs else "finished"
                    break
                rest(now=epoch < settings.epochs)
        except (Cancelled, KeyboardInterrupt):
            ending = "cancelled"
            rest(now=True)
        except FloatingPointError:
            ending = "diverged"
        except StreamEnded:
            ending = "exhausted"
            score = run.score(judge)
            epoch = run.step // run.steps + 1
            run.note(Reading(run.step, run.step / run.steps, 0.0, score=score))
            run.judged(epoch, score)
    put(module, run.best)
    if ending == "diverged" and run.best_epoch == 0:
        raise Diverged(
            f"Expected the loss to stay a number, but it was none by step {run.step}. Lower the "
            f"rate: {next_steps.rate(settings.peak / 10)}."
        )
    notes = (*feed.notes(), *((unkept,) if unkept and ending == "cancelled" else ()))
    return Trained(run.best_epoch, tuple(run.curve), ending, notes)


@contextlib.contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Fix torch's own randomness (dropout) in the block and give it back after."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
