"""Train a pruned network while its zeros stay zero, and keep the best epoch."""

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

import torch
from torch import Tensor, nn

from prunescope.capture.graph import take
from prunescope.capture.network import forward
from prunescope.commands import next_steps
from prunescope.errors import BadValue, Cancelled, DataMismatch
from prunescope.progress import Progress
from prunescope.recovery.training.fine_tuning_report import FineTuning, Reading
from prunescope.recovery.training.objective import Objective
from prunescope.recovery.training_mode import training
from prunescope.sources.data import Samples
from prunescope.user_code.guard import guarded

_READINGS: Final = 40
"""Readings per epoch at most."""


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

    Raises:
        Diverged: The loss was no number before any epoch had improved the network, which is left
            as it came.
    """
    run = _TrainingRun(module, samples, masks, objective, settings, progress)
    progress.start(run.total, "fine-tuning")
    best, best_epoch = _copied(module), 0
    best_score = judge()
    run.note(Reading(0, 0.0, 0.0, score=best_score))
    ending: Literal["finished", "cancelled", "diverged"] = "finished"
    try:
        with _seeded(settings.seed):
            for epoch in range(1, settings.epochs + 1):
                last = run.epoch()
                score = judge()
                run.note(replace(last, score=score))
                if score > best_score:
                    best, best_score, best_epoch = _copied(module), score, epoch
    except (Cancelled, KeyboardInterrupt):
        ending = "cancelled"
    except FloatingPointError:
        ending = "diverged"
    _restore(module, best)
    if ending == "diverged" and best_epoch == 0:
        raise Diverged(
            f"Expected the loss to stay a number, but it was none by step {run.step}. Lower the "
            f"rate: {next_steps.rate(settings.rate / 10)}."
        )
    return Trained(best_epoch, tuple(run.curve), ending)


def rate(step: int, total: int, settings: FineTuning) -> float:
    """Return the learning rate of step ``step`` (from 0) of ``total``.

    Linear up to the peak within the warm-up, then half a cosine down towards 0.

    >>> [round(rate(step, 4, FineTuning(rate=1.0, warmup=0.5)), 2) for step in range(4)]
    [0.5, 1.0, 1.0, 0.5]
    """
    warm = round(settings.warmup * total)
    if step < warm:
        return settings.rate * (step + 1) / warm
    return settings.rate * (1 + math.cos(math.pi * (step - warm) / (total - warm))) / 2


class _TrainingRun:
    """The state of a training run."""

    def __init__(
        self,
        module: nn.Module,
        samples: Samples,
        masks: Mapping[str, Tensor],
        objective: Objective,
        settings: FineTuning,
        progress: Progress,
    ) -> None:
        self._module, self._samples, self._settings = module, samples, settings
        self._objective, self._progress = objective, progress
        self._masked = [(module.get_parameter(name), keep) for name, keep in masks.items()]
        self._order = torch.Generator().manual_seed(settings.seed)
        self._optimizer = _optimizer(module, settings)
        self._steps = math.ceil(len(samples) / settings.batch)
        self.total = self._steps * settings.epochs
        self.step = 0
        self.curve: list[Reading] = []

    def epoch(self) -> Reading:
        """Train one epoch and return the reading at its end, not noted yet.

        Raises:
            Cancelled: Somebody asked to stop.
            FloatingPointError: The loss is no number.
        """
        every = math.ceil(self._steps / _READINGS)
        losses: list[Tensor] = []
        reading = Reading(self.step, self.step / self._steps, 0.0)
        # Batches of nearly equal size: batch norm cannot train on a last one of a single sample.
        order = torch.randperm(len(self._samples), generator=self._order)
        with training(self._module) as learner:
            for indices in order.tensor_split(self._steps):
                if self._progress.cancelled():
                    raise Cancelled("Expected training to go on, but it was cancelled. Run again.")
                now = rate(self.step, self.total, self._settings)
                losses.append(self._descend(learner, indices, now))
                self.step += 1
                at_end = self.step % self._steps == 0
                if self.step % every and not at_end:
                    self._progress.advance(1)
                    continue
                loss = torch.stack(losses).mean().item()
                losses.clear()
                if not math.isfinite(loss):
                    raise FloatingPointError
                reading = Reading(self.step, self.step / self._steps, now, loss)
                if not at_end:
                    self.note(reading)
        return reading

    def note(self, reading: Reading) -> None:
        """Append ``reading`` to the curve and tell it."""
        self.curve.append(reading)
        values = {"step": float(reading.step), "epoch": reading.epoch, "rate": reading.rate}
        if reading.loss is not None:
            values["loss"] = reading.loss
        if reading.score is not None:
            values["accuracy"] = reading.score
        epoch = max(math.ceil(reading.epoch), 1)
        message = f"epoch {epoch} of {self._settings.epochs}"
        self._progress.advance(1 if reading.step else 0, message, **values)

    def _descend(self, learner: nn.Module, indices: Tensor, rate_now: float) -> Tensor:
        """Take one step and return its loss."""
        for group in self._optimizer.param_groups:
            group["lr"] = rate_now
        self._optimizer.zero_grad()
        inputs = take(self._samples.inputs, indices)
        with guarded(
            f"the model to train on a batch of {len(indices)} samples",
            "Check that it runs, and has gradients, in training mode.",
            DataMismatch,
            "training",
        ):
            loss = self._objective(forward(learner, inputs), indices)
            loss.backward()  # type: ignore[no-untyped-call]
        with torch.no_grad():
            for weight, keep in self._masked:
                if weight.grad is not None:
                    weight.grad.masked_fill_(~keep, 0.0)
        self._optimizer.step()
        with torch.no_grad():
            for weight, keep in self._masked:
                weight.masked_fill_(~keep, 0.0)
        return loss.detach()


def _optimizer(module: nn.Module, settings: FineTuning) -> torch.optim.Optimizer:
    parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": settings.decay},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.SGD(groups, lr=settings.rate, momentum=settings.momentum)


@contextlib.contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Fix torch's own randomness (dropout) in the block and give it back after."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def _copied(module: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}


def _restore(module: nn.Module, state: Mapping[str, Tensor]) -> None:
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            tensor.copy_(state[name])
