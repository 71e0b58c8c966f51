"""The loss of fine-tuning: targets, the dense model's outputs, or a mixture."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from prunescope.capture.network import forward
from prunescope.errors import DataMismatch, PrunescopeError
from prunescope.metrics.class_rows import logits
from prunescope.recovery.training.fine_tuning_settings import FineTuning
from prunescope.recovery.training.training_batch import Batch
from prunescope.sources.data import Samples
from prunescope.sources.losses import Loss
from prunescope.sources.metrics import Metric

_KEPT_BYTES: Final = 256 << 20

Objective = Callable[[Any, Batch], Tensor]
"""``(outputs of the model in training, its batch) → loss``, a scalar."""


class OutputLoss(Protocol):
    """An objective that takes the dense model's outputs where somebody has them already."""

    def __call__(self, outputs: Any, batch: Batch, dense_outputs: Any = None) -> Tensor:
        """Return the loss of ``outputs``, a scalar."""


@dataclass(frozen=True)
class Task:
    """What is learnt, and from whom.

    Attributes:
        dense: The teacher in evaluation mode, not modified; not called at ``distillation`` 0.
        metric: Of the study: which output is class logits, and what the others are.
        loss: Of the study, against the targets.
        batch: Samples per forward pass of the teacher.
    """

    dense: nn.Module
    metric: Metric
    loss: Loss
    batch: int


@dataclass(frozen=True)
class Taught:
    """What the dense model says of some samples.

    Attributes:
        rows: ``(rows, classes)`` class logits, or None where it has none.
        others: ``(n, values)`` of its other outputs (``prunescope.metrics.other_outputs``), or
            None where it has none.
    """

    rows: Tensor | None
    others: Tensor | None


def objective(task: Task, samples: Samples, settings: FineTuning) -> OutputLoss:
    """Return the loss ``(1 - a)·L(targets) + a·(T²·KL(dense ‖ model) + D)`` on ``samples``.

    L is the study's loss, over all heads that have targets. The KL, a mean over rows (samples,
    tokens or pixels) in nats, compares ``softmax(logits / T)``; D is the mean divergence of every
    other output, so that no head is forgotten. The dense model runs once over all samples where
    what it says fits into 256 MiB, else once per step; so it does on batches that are none of
    ``samples``, or changed at random, and then it sees what the model sees.

    Args:
        task: The teacher, and the study's loss.
        samples: Of the calibration split; targets are not read at ``distillation`` 1.
        settings: ``distillation`` a and ``temperature`` T. Where it names data or an augmentation,
            ``samples`` are an example of them.

    Raises:
        DataMismatch: There is nothing to learn from: no output to compare, or targets that the
            loss does not go with.

    Source: Hinton, Vinyals, Dean 2015, *Distilling the knowledge in a neural network*
    (arXiv 1503.02531), section 2.
    """
    share, temperature = settings.distillation, settings.temperature
    first = _taught(task, _said(task, samples.chunk(0, 2)), 2)
    if share > 0 and first.rows is None and first.others is None:
        raise DataMismatch(
            "Expected real outputs to learn from the dense model, but it returns none. Set "
            "distillation to 0: then the targets alone teach."
        )
    if share < 1:
        _require_loss(task, samples)
    kept = _kept(task, samples, first) if share > 0 and not _changing(settings) else None

    def loss(outputs: Any, batch: Batch, dense_outputs: Any = None) -> Tensor:
        total: Tensor = torch.zeros(())
        if share < 1:
            if batch.targets is None:
                raise _no_targets("a batch has none")
            value = task.loss.value(outputs, batch.targets)
            total = total.to(value.device) + (1 - share) * value
        if share > 0:
            if dense_outputs is None and kept is not None and batch.rows is not None:
                taught = kept(batch.rows)
            else:
                said = _said(task, batch) if dense_outputs is None else dense_outputs
                taught = _taught(task, said, len(batch))
            divergence = _divergence(task, outputs, taught, len(batch), temperature)
            total = total.to(divergence.device) + share * divergence
        return total

    return loss


def _divergence(task: Task, outputs: Any, taught: Taught, count: int, temperature: float) -> Tensor:
    """How far ``outputs`` are from what the dense model says, with its gradient."""
    parts = []
    if taught.rows is not None:
        rows = logits(task.metric.output(outputs))
        if rows is None:
            raise DataMismatch("Expected class logits in training too, but got something else.")
        soft = (taught.rows.to(rows.device) / temperature).log_softmax(1)
        own = (rows.float() / temperature).log_softmax(1)
        kl = functional.kl_div(own, soft, reduction="batchmean", log_target=True)
        parts.append(temperature**2 * kl)
    if taught.others is not None and task.metric.others is not None:
        others = task.metric.others.rows(outputs, count)
        if others is None:
            raise DataMismatch("Expected the same outputs in training too, but got others.")
        apart = others - taught.others.to(others.device)
        parts.append(apart.square().sum(1).mean() / 2)
    return torch.stack(parts).sum()


def _said(task: Task, samples: Samples | Batch) -> Any:
    """The dense model's outputs."""
    with torch.no_grad():
        return forward(task.dense, samples.inputs)


def _taught(task: Task, outputs: Any, count: int) -> Taught:
    rows = logits(task.metric.output(outputs)) if task.metric.has_classes else None
    others = task.metric.others
    return Taught(
        None if rows is None else rows.float(),
        None if others is None else others.rows(outputs, count),
    )


def _changing(settings: FineTuning) -> bool:
    """Whether the dense model runs in each step: on other batches, or for its inner values."""
    return bool(settings.train or settings.augment or settings.features)


def _kept(task: Task, samples: Samples, first: Taught) -> Callable[[Tensor], Taught] | None:
    """What the dense model says of all samples, by their rows; None where that is too much."""
    count, few = len(samples), min(len(samples), 2)
    held = [part for part in (first.rows, first.others) if part is not None]
    if sum(part.numel() for part in held) // few * count * 4 > _KEPT_BYTES:
        return None
    starts = range(0, count, task.batch)
    chunks = [samples.chunk(start, start + task.batch) for start in starts]
    taught = [_taught(task, _said(task, chunk), len(chunk)) for chunk in chunks]
    rows = _joined([part.rows for part in taught])
    others = _joined([part.others for part in taught])
    by_sample = None if rows is None else rows.view(count, -1, rows.shape[1])
    return lambda indices: Taught(
        None if by_sample is None else by_sample[indices].flatten(0, 1),
        None if others is None else others[indices],
    )


def _joined(parts: list[Tensor | None]) -> Tensor | None:
    present = [part for part in parts if part is not None]
    return torch.cat(present) if present and len(present) == len(parts) else None


def _require_loss(task: Task, samples: Samples) -> None:
    """Raise ``DataMismatch`` where the loss does not go with the targets."""
    problem = "there are none"
    if samples.targets is not None:
        try:
            with torch.no_grad():
                for start in range(0, len(samples), task.batch):
                    chunk = samples.chunk(start, start + task.batch)
                    task.loss.value(forward(task.dense, chunk.inputs), chunk.targets)
        except PrunescopeError as error:
            problem = f"got: {str(error).rstrip('.')}"
        else:
            return
    raise _no_targets(problem, task.loss.name)


def _no_targets(problem: str, loss: str = "") -> DataMismatch:
    named = f"the loss {loss}" if loss else "the loss"
    return DataMismatch(
        f"Expected targets that {named} goes with to fine-tune on, but {problem}. Set distillation "
        "to 1: then the dense model alone is the teacher."
    )
