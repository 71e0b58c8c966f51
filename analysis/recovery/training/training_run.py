"""One training run: its optimiser, its order of samples, its curve, and a state to go on from."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

from prunescope.capture.graph import take
from prunescope.capture.network import forward
from prunescope.errors import Cancelled, DataMismatch
from prunescope.progress import Progress
from prunescope.recovery.training.fine_tuning_report import FineTuning
from prunescope.recovery.training.objective import Objective
from prunescope.recovery.training.training_curve import Progressed, Reading
from prunescope.recovery.training_mode import training
from prunescope.sources.data import Samples
from prunescope.user_code.guard import guarded

_READINGS: Final = 40
"""Readings per epoch at most."""


def rate(step: int, total: int, settings: FineTuning) -> float:
    """Return the learning rate of step ``step`` (from 0) of ``total``.

    Linear up to the peak within the warm-up, then half a cosine down towards 0.

    >>> [round(rate(step, 4, FineTuning(rate=1.0, warmup=0.5)), 2) for step in range(4)]
    [0.5, 1.0, 1.0, 0.5]
    """
    warm = round(settings.warmup * total)
    if step < warm:
        return settings.peak * (step + 1) / warm
    return settings.peak * (1 + math.cos(math.pi * (step - warm) / (total - warm))) / 2


@dataclass(frozen=True)
class TrainingState:
    """Everything that a training run needs to go on as if it had never stopped.

    Attributes:
        reached: The plain part: steps, best epoch, curve.
        tensors: ``weights.NAME`` and ``best.NAME`` of the state dict, ``momentum.PLACE`` of the
            optimiser, ``losses`` since the last reading, ``order`` and ``random``: the states of
            the generators, of the order at the epoch's beginning.
    """

    reached: Progressed
    tensors: Mapping[str, Tensor]


class TrainingRun:
    """The state of a training run.

    Attributes:
        total: Steps of the whole run.
        step: Steps done.
        best: State dict of the best epoch; ``best_epoch`` and ``best_score`` are its.
        whole: Whether the weights are those after ``step`` steps, not in the middle of the next.
        curve: Readings so far.
    """

    def __init__(
        self,
        module: nn.Module,
        samples: Samples,
        masks: Mapping[str, Tensor],
        objective: Objective,
        settings: FineTuning,
        progress: Progress,
        rest: Callable[[], None] = lambda: None,
    ) -> None:
        """Begin, with nothing trained.

        Args:
            module: Trained in place.
            samples: What it is trained on.
            masks: Parameter name → bool like it, True = keep.
            objective: Loss of outputs and sample indices.
            settings: See ``FineTuning``.
            progress: Told readings; asked before each step whether to go on.
            rest: Called after each step.
        """
        self._module, self._samples, self._settings = module, samples, settings
        self._objective, self._progress, self._rest = objective, progress, rest
        self._masked = [(module.get_parameter(name), keep) for name, keep in masks.items()]
        self._order = torch.Generator().manual_seed(settings.seed)
        self._epoch_order = self._order.get_state()
        self._optimizer = _optimizer(module, settings)
        self._losses: list[Tensor] = []
        self.steps = math.ceil(len(samples) / settings.batch)
        self.total = self.steps * settings.epochs
        self.step = 0
        self.whole = True
        self.best, self.best_epoch, self.best_score = copied(module), 0, -math.inf
        self.curve: list[Reading] = []

    def epoch(self) -> Reading:
        """Train what is left of an epoch and return the reading at its end, not noted yet.

        Raises:
            Cancelled: Somebody asked to stop.
            FloatingPointError: The loss is no number.
        """
        every = math.ceil(self.steps / _READINGS)
        reading = Reading(self.step, self.step / self.steps, 0.0)
        self._epoch_order = self._order.get_state()
        # Batches of nearly equal size: batch norm cannot train on a last one of a single sample.
        order = torch.randperm(len(self._samples), generator=self._order)
        with training(self._module) as learner:
            for indices in order.tensor_split(self.steps)[self.step % self.steps :]:
                if self._progress.cancelled():
                    raise Cancelled("Expected training to go on, but it was cancelled. Run again.")
                now = rate(self.step, self.total, self._settings)
                self.whole = False
                self._losses.append(self.descend(learner, indices, now))
                self.step += 1
                at_end = self.step % self.steps == 0
                if self.step % every and not at_end:
                    self._progress.advance(1)
                else:
                    loss = torch.stack(self._losses).mean().item()
                    self._losses.clear()
                    if not math.isfinite(loss):
                        raise FloatingPointError
                    reading = Reading(self.step, self.step / self.steps, now, loss)
                    if not at_end:
                        self.note(reading)
                if not at_end:  # an epoch is over when its score is known
                    self.whole = True
                    self._rest()
        return reading

    def judged(self, epoch: int, score: float) -> None:
        """Note the validation score after ``epoch``, and keep the weights if it is the best."""
        if score > self.best_score:
            self.best, self.best_score, self.best_epoch = copied(self._module), score, epoch
        self._epoch_order = self._order.get_state()
        self.whole = True

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

    def descend(self, learner: nn.Module, indices: Tensor, rate_now: float) -> Tensor:
        """Take one step on the samples ``indices`` at a rate, and return its loss."""
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

    def state(self) -> TrainingState:
        """Return what it needs to go on from here; only while ``whole``."""
        momentum = {
            f"momentum.{place}": state["momentum_buffer"].clone()
            for place, parameter in enumerate(self._parameters())
            if (state := self._optimizer.state.get(parameter)) and "momentum_buffer" in state
            and state["momentum_buffer"] is not None
        }  # fmt: skip
        tensors = {
            **{f"weights.{name}": tensor for name, tensor in copied(self._module).items()},
            **{f"best.{name}": tensor for name, tensor in self.best.items()},
            **momentum,
            "losses": torch.stack(self._losses) if self._losses else torch.zeros(0),
            "order": self._epoch_order,
            "random": torch.get_rng_state(),
        }
        reached = Progressed(self.step, self.best_epoch, self.best_score, tuple(self.curve))
        return TrainingState(reached, tensors)

    def fits(self, state: TrainingState) -> bool:
        """Return whether ``state`` is of a run like this one, by names, shapes and types."""
        wanted = {
            f"{part}.{name}": tensor
            for part in ("weights", "best")
            for name, tensor in self._module.state_dict().items()
        }
        wanted |= {"order": self._order.get_state(), "random": torch.get_rng_state()}
        wanted |= {
            f"momentum.{place}": parameter
            for place, parameter in enumerate(self._parameters())
            if f"momentum.{place}" in state.tensors
        }
        known = state.tensors
        return (
            all(name in known and _alike(known[name], t) for name, t in wanted.items())
            and "losses" in known
            and known["losses"].ndim == 1
            and 0 <= state.reached.step < self.total
        )

    def go_on(self, state: TrainingState) -> None:
        """Continue from ``state``, which fits, as if the run had never stopped."""
        tensors, reached = state.tensors, state.reached
        put(self._module, {n: tensors[f"weights.{n}"] for n in self._module.state_dict()})
        self.best = {name: tensors[f"best.{name}"].clone() for name in self._module.state_dict()}
        for place, parameter in enumerate(self._parameters()):
            known = tensors.get(f"momentum.{place}")
            if known is not None:
                self._optimizer.state[parameter]["momentum_buffer"] = known.clone()
        self._losses = list(tensors["losses"].unbind())
        self._order.set_state(tensors["order"].clone())
        torch.set_rng_state(tensors["random"].clone())
        self.step, self.curve = reached.step, list(reached.curve)
        self.best_epoch, self.best_score = reached.best_epoch, reached.best_score

    def _parameters(self) -> list[Tensor]:
        return [p for group in self._optimizer.param_groups for p in group["params"]]


def _alike(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and one.dtype == other.dtype


def copied(module: nn.Module) -> dict[str, Tensor]:
    """Return a copy of the module's state dict."""
    return {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}


def put(module: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Give ``module`` the values of a state dict, in place."""
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            tensor.copy_(state[name])


def _optimizer(module: nn.Module, settings: FineTuning) -> torch.optim.Optimizer:
    parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": settings.decay},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.SGD(groups, lr=settings.peak, momentum=settings.momentum)
