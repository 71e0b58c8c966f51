"""One training run: its steps, its place in the data, its curve, and a state to go on from."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import torch
from torch import Tensor, nn

from prunescope.errors import Cancelled
from prunescope.progress import Progress
from prunescope.recovery.training.features import learner_for
from prunescope.recovery.training.fine_tuning_settings import FineTuning
from prunescope.recovery.training.moving_average import MovingAverage
from prunescope.recovery.training.objective import Objective
from prunescope.recovery.training.training_batch import Batch, Feed
from prunescope.recovery.training.training_curve import Progressed, Reading
from prunescope.recovery.training.training_step import TrainingStep
from prunescope.recovery.training_mode import training

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
        reached: The plain part: steps, best epoch, curve, place in the user's data.
        tensors: ``weights.NAME``, ``best.NAME`` and, with a moving average, ``average.NAME`` of the
            state dict, ``optimizer.…`` as ``optimizer_tensors`` names it, ``losses`` since the last
            reading, ``random``: torch's generator (dropout), and for float16 ``scale``.
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
        feed: Feed,
        masks: Mapping[str, Tensor],
        objective: Objective,
        settings: FineTuning,
        progress: Progress,
        rest: Callable[[], None] = lambda: None,
        spent: float = 0.0,
    ) -> None:
        """Begin, with nothing trained.

        Args:
            module: Trained in place.
            feed: Of the batches.
            masks: Parameter name → bool like it, True = keep.
            objective: Loss of outputs and their batch.
            settings: See ``FineTuning``.
            progress: Told readings; asked before each step whether to go on.
            rest: Called after each step.
            spent: Seconds, before.
        """
        self._module, self._feed, self._settings = module, feed, settings
        self._objective, self._progress, self._rest = objective, progress, rest
        self._stepping = TrainingStep(module, masks, objective, settings)
        self._average = MovingAverage(module, settings.ema) if settings.ema else None
        self._losses: list[Tensor] = []
        self._began = time.monotonic() - spent
        self.steps = feed.steps
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
            StreamEnded: The user's data are at their end.
        """
        every = math.ceil(self.steps / _READINGS)
        reading = Reading(self.step, self.step / self.steps, 0.0)
        with training(self._module) as trained:
            learner = learner_for(self._objective, trained)
            for _ in range(self.step % self.steps, self.steps):
                if self._progress.cancelled():
                    raise Cancelled("Expected training to go on, but it was cancelled. Run again.")
                now = rate(self.step, self.total, self._settings)
                self.whole = False
                batches = self._feed.step(self.step)
                self._losses.append(self.descend(learner, batches, now))
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

    def score(self, judge: Callable[[], float]) -> float:
        """Return the score of the weights that would be kept: their average, where there is one."""
        if self._average is None:
            return judge()
        held = copied(self._module)
        put(self._module, self._average.state)
        try:
            return judge()
        finally:
            put(self._module, held)

    def judged(self, epoch: int, score: float) -> None:
        """Note the validation score after ``epoch``, and keep the weights if it is the best."""
        if score > self.best_score:
            self.best_score, self.best_epoch = score, epoch
            state = self._average.state if self._average else self._module.state_dict()
            self.best = {name: tensor.detach().clone() for name, tensor in state.items()}
        self.whole = True

    def note(self, reading: Reading) -> None:
        """Append ``reading``, with the seconds until now, to the curve and tell it."""
        reading = replace(reading, seconds=time.monotonic() - self._began)
        self.curve.append(reading)
        values = {"step": float(reading.step), "epoch": reading.epoch, "rate": reading.rate}
        if reading.loss is not None:
            values["loss"] = reading.loss
        if reading.score is not None:
            values["accuracy"] = reading.score
        epoch = max(math.ceil(reading.epoch), 1)
        message = f"epoch {epoch} of {self._settings.epochs}"
        self._progress.advance(1 if reading.step else 0, message, **values)

    def descend(self, learner: nn.Module, batches: list[Batch], rate_now: float) -> Tensor:
        """Take one step on ``batches``, which the average follows too; return its loss."""
        loss = self._stepping.descend(learner, batches, rate_now)
        if self._average is not None:
            self._average.update(self._module, self.step + 1)
        return loss

    def state(self) -> TrainingState:
        """Return what it needs to go on from here; only while ``whole``."""
        average = self._average.state if self._average else {}
        tensors = {
            **{f"weights.{name}": tensor for name, tensor in copied(self._module).items()},
            **{f"best.{name}": tensor for name, tensor in self.best.items()},
            **{f"average.{name}": tensor for name, tensor in average.items()},
            **self._stepping.state(),
            "losses": torch.stack(self._losses) if self._losses else torch.zeros(0),
            "random": torch.get_rng_state(),
        }
        reached = Progressed(
            self.step, self.best_epoch, self.best_score, tuple(self.curve), self._feed.place()
        )
        return TrainingState(reached, tensors)

    def fits(self, state: TrainingState) -> bool:
        """Return whether ``state`` is of a run like this one, by names, shapes and types."""
        parts = ("weights", "best", *(("average",) if self._average else ()))
        wanted = {
            f"{part}.{name}": tensor
            for part in parts
            for name, tensor in self._module.state_dict().items()
        }
        wanted |= {"random": torch.get_rng_state(), **self._stepping.scale()}
        known = state.tensors
        return (
            all(name in known and _alike(known[name], t) for name, t in wanted.items())
            and self._stepping.fits(known)
            and "losses" in known
            and known["losses"].ndim == 1
            and 0 <= state.reached.step < self.total
        )

    def go_on(self, state: TrainingState) -> None:
        """Continue from ``state``, which fits, as if the run had never stopped."""
        tensors, reached = state.tensors, state.reached
        names = list(self._module.state_dict())
        put(self._module, {n: tensors[f"weights.{n}"] for n in names})
        self.best = {name: tensors[f"best.{name}"].clone() for name in names}
        if self._average is not None:
            self._average.go_on({name: tensors[f"average.{name}"] for name in names})
        self._stepping.go_on(tensors)
        self._losses = list(tensors["losses"].unbind())
        self._feed.go_on(reached.place)
        torch.set_rng_state(tensors["random"].clone())
        self.step, self.curve = reached.step, list(reached.curve)
        self.best_epoch, self.best_score = reached.best_epoch, reached.best_score


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
