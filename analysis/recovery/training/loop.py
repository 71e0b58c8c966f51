"""Train a pruned network while its zeros stay zero, and keep the best epoch."""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

import torch
from torch import Tensor, nn

from prunescope.commands import next_steps
from prunescope.errors import BadValue, Cancelled
from prunescope.progress import Progress
from prunescope.recovery.training.fine_tuning_report import FineTuning
from prunescope.recovery.training.objective import Objective
from prunescope.recovery.training.training_curve import Reading
from prunescope.recovery.training.training_run import TrainingRun, TrainingState, put
from prunescope.sources.data import Samples

KEEP_EVERY: Final = 60.0
"""Seconds after which a state to go on from is kept, within an epoch too."""

Keep = Callable[[TrainingState], None]


class Diverged(BadValue):
    """The loss was no number before any epoch had improved the network."""


@dataclass(frozen=True)
class Trained:
    """Which epoch's weights the module holds now (0: as it came), the curve, and the ending."""

    best_epoch: int
    curve: tuple[Reading, ...]
    ending: Literal["finished", "cancelled", "diverged"]


def train(
    module: nn.Module,
    samples: Samples,
    masks: Mapping[str, Tensor],
    objective: Objective,
    settings: FineTuning,
    judge: Callable[[], float],
    progress: Progress,
    keep: Keep | None = None,
    state: TrainingState | None = None,
) -> Trained:
    """Train ``module`` in place with SGD and leave it with the weights of its best epoch.

    Momentum, and a cosine schedule after a linear warm-up. Gradients and weights that the masks
    remove are set to 0 at every step, so removed weights are exactly 0 at any time. Cancelling or
    Ctrl-C ends it before the next step; so does a loss that is no number.

    Args:
        module: In evaluation mode, already masked: a captured graph of any size, or a module.
        samples: What it is trained on.
        masks: Parameter name → bool like it, True = keep; empty for a physically smaller network.
        objective: Loss of outputs and sample indices.
        settings: See ``FineTuning``.
        judge: Returns the module's mean validation score; higher is better.
        progress: Told step, epoch, loss and rate, and after each epoch the accuracy.
        keep: Given the state to go on from after each epoch, every ``KEEP_EVERY`` seconds, and
            when it is cancelled.
        state: Of an earlier run with the same settings, which is gone on with: the weights become
            those of a run that never stopped, bit for bit on as many threads. One that does not
            fit is left aside.

    Raises:
        Diverged: The loss was no number before any epoch had improved the network, which is left
            as it came.
    """
    kept = time.monotonic()

    def rest(now: bool = False) -> None:
        nonlocal kept
        if keep is not None and run.whole and (now or time.monotonic() - kept > KEEP_EVERY):
            keep(run.state())
            kept = time.monotonic()

    run = TrainingRun(module, samples, masks, objective, settings, progress, rest)
    progress.start(run.total, "fine-tuning")
    ending: Literal["finished", "cancelled", "diverged"] = "finished"
    with _seeded(settings.seed):
        if state is not None and run.fits(state):
            run.go_on(state)
            progress.advance(run.step, f"goes on after step {run.step}")
        else:
            run.judged(0, judge())
            run.note(Reading(0, 0.0, 0.0, score=run.best_score))
        try:
            for epoch in range(run.step // run.steps + 1, settings.epochs + 1):
                last = run.epoch()
                score = judge()
                run.note(replace(last, score=score))
                run.judged(epoch, score)
                rest(now=epoch < settings.epochs)
        except (Cancelled, KeyboardInterrupt):
            ending = "cancelled"
            rest(now=True)
        except FloatingPointError:
            ending = "diverged"
    put(module, run.best)
    if ending == "diverged" and run.best_epoch == 0:
        raise Diverged(
            f"Expected the loss to stay a number, but it was none by step {run.step}. Lower the "
            f"rate: {next_steps.rate(settings.peak / 10)}."
        )
    return Trained(run.best_epoch, tuple(run.curve), ending)


@contextlib.contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Fix torch's own randomness (dropout) in the block and give it back after."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
