"""Choose the learning rate of a fine-tuning by a short run in which it climbs."""

import math
import time
from collections.abc import Mapping
from typing import Final

import torch
from torch import Tensor, nn

from prunescope.errors import Cancelled
from prunescope.progress import Progress
from prunescope.recovery.training.features import learner_for
from prunescope.recovery.training.fine_tuning_settings import SGD, FineTuning
from prunescope.recovery.training.objective import Objective
from prunescope.recovery.training.training_batch import Feed
from prunescope.recovery.training.training_curve import RangeTest
from prunescope.recovery.training.training_run import copied, put
from prunescope.recovery.training.training_step import TrainingStep
from prunescope.recovery.training_mode import training

STEPS: Final = 48
_FIRST: Final = 1e-4
_SPAN: Final = 1e4
"""The last rate by the first."""
_ADAPTIVE: Final = 0.1
"""Rates of optimizers that divide by the gradient's size are so many times those of SGD."""
_SMOOTH: Final = 0.7
"""Weight of the past in the smoothed loss."""

_SPOILT: Final = 1.5
"""The run ends when the smoothed loss is so many times the least."""


def range_test(
    module: nn.Module,
    feed: Feed,
    masks: Mapping[str, Tensor],
    objective: Objective,
    settings: FineTuning,
    progress: Progress,
) -> RangeTest:
    """Return the rate to train with: that at which the smoothed loss was least.

    At most ``STEPS`` steps are taken, their rates growing geometrically from 1e-4 to 1 (for other
    optimizers than SGD a tenth of that), until the loss is no number or half as much again as its
    least. Module and feed are as they were afterwards.

    Args:
        module: See ``loop.train``, as the other arguments.
        feed: Of the batches it would be trained on.
        masks: What stays zero.
        objective: Loss of outputs and their batch.
        settings: Optimizer, batch and seed; its rate is not read.
        progress: Asked before each step whether to go on.

    Raises:
        Cancelled: Somebody asked to stop.

    Source: Smith 2017, *Cyclical learning rates for training neural networks* (arXiv 1506.01186),
    section 3.3. A tenth of that rate is often taken. What is left of a pruned network trains for
    few epochs with a warm-up, and measured on the sample models the rate itself is near the best:
    LeNet-5 without 60 % of its channels 84 %, at a tenth 76 %, at the best rate tried 85 %.
    """
    before, began = copied(module), time.monotonic()
    stepping = TrainingStep(module, masks, objective, settings)
    first = _FIRST if settings.optimizer.lower() == SGD else _FIRST * _ADAPTIVE
    smooth, weight, least, best = 0.0, 0.0, math.inf, first
    step, now, spoilt = 0, first, False
    try:
        with torch.random.fork_rng(devices=[]), training(module) as trained:
            torch.manual_seed(settings.seed)
            learner = learner_for(objective, trained)
            for step in range(STEPS):
                if progress.cancelled():
                    raise Cancelled("Expected training to go on, but it was cancelled. Run again.")
                now = first * _SPAN ** (step / (STEPS - 1))
                loss = stepping.descend(learner, feed.step(step), now).item()
                smooth = _SMOOTH * smooth + (1 - _SMOOTH) * loss
                weight = _SMOOTH * weight + (1 - _SMOOTH)
                if not smooth / weight <= _SPOILT * least:
                    spoilt = math.isfinite(least)
                    break
                if smooth / weight < least:
                    least, best = smooth / weight, now
    finally:
        put(module, before)
        feed.rewind()
    seconds = time.monotonic() - began
    return RangeTest(step + 1, first, now, float(f"{best:.2g}"), spoilt, seconds)
