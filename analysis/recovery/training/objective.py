"""The loss of fine-tuning: labels, the dense model's outputs, or a mixture."""

from collections.abc import Callable
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from prunescope.capture.graph import Inputs, take
from prunescope.capture.network import forward
from prunescope.errors import DataMismatch
from prunescope.metrics.class_rows import logits
from prunescope.recovery.training.fine_tuning_report import FineTuning
from prunescope.sources.data import Samples

_KEPT_BYTES: Final = 256 << 20

Objective = Callable[[Any, Tensor], Tensor]
"""``(outputs of the model in training, indices of its samples) → loss``, a scalar."""


def objective(dense: nn.Module, samples: Samples, settings: FineTuning, batch: int) -> Objective:
    """Return the loss ``(1 - a)·CE(labels) + a·T²·KL(dense ‖ model)`` on rows of ``samples``.

    Both terms are means over rows (samples, tokens or pixels), in nats; the KL compares
    ``softmax(logits / T)``. The dense model runs once over all samples where its logits fit into
    256 MiB, else once per step.

    Args:
        dense: The teacher in evaluation mode, not modified; not called at ``distillation`` 0.
        samples: What the indices count; targets are not read at ``distillation`` 1.
        settings: ``distillation`` a and ``temperature`` T.
        batch: Samples per forward pass of the dense model.

    Raises:
        DataMismatch: The outputs are no class logits, or the labels are no classes of them.

    Source: Hinton, Vinyals, Dean 2015, *Distilling the knowledge in a neural network*
    (arXiv 1503.02531), section 2.
    """
    first = _rows(dense, take(samples.inputs, slice(0, 2)))
    targets = samples.targets
    if first is None or (targets is not None and not _whole(targets)):
        got = "other outputs" if first is None or targets is None else f"{targets.dtype} targets"
        raise DataMismatch(
            f"Expected class logits and integer class labels to fine-tune on, but got {got}. "
            "Export the pruned model and train it with your own loss, or use recovery bn."
        )
    rows, classes = len(first) // min(len(samples), 2), first.shape[1]
    share, temperature = settings.distillation, settings.temperature
    labels = _labels(samples, rows, classes) if share < 1 else None
    teacher = _teacher(dense, samples, rows * classes, batch) if share > 0 else None

    def loss(outputs: Any, indices: Tensor) -> Tensor:
        class_logits = logits(outputs)
        if class_logits is None:
            raise DataMismatch("Expected class logits in training too, but got something else.")
        total = torch.zeros((), device=class_logits.device)
        if labels is not None:
            class_labels = labels[indices].flatten().to(class_logits.device)
            total = total + (1 - share) * functional.cross_entropy(
                class_logits.float(), class_labels
            )
        if teacher is not None:
            soft = (teacher(indices).to(class_logits.device) / temperature).log_softmax(1)
            own = (class_logits.float() / temperature).log_softmax(1)
            divergence = functional.kl_div(own, soft, reduction="batchmean", log_target=True)
            total = total + share * temperature**2 * divergence
        return total

    return loss


def _rows(module: nn.Module, inputs: Inputs) -> Tensor | None:
    with torch.no_grad():
        class_logits = logits(forward(module, inputs))
    return None if class_logits is None else class_logits.float()


def _teacher(
    dense: nn.Module, samples: Samples, per_sample: int, batch: int
) -> Callable[[Tensor], Tensor]:
    def teacher_rows(inputs: Inputs) -> Tensor:
        rows = _rows(dense, inputs)
        if rows is None:
            raise DataMismatch("Expected class logits from the dense model, but got none.")
        return rows

    count = len(samples)
    if count * per_sample * 4 > _KEPT_BYTES:
        return lambda indices: teacher_rows(take(samples.inputs, indices))
    starts = range(0, count, batch)
    cached_rows = torch.cat(
        [teacher_rows(samples.chunk(start, start + batch).inputs) for start in starts]
    )
    by_sample = cached_rows.view(count, -1, cached_rows.shape[1])
    return lambda indices: by_sample[indices].flatten(0, 1)


def _labels(samples: Samples, rows: int, classes: int) -> Tensor:
    """``(n, rows)`` class labels."""
    targets = samples.targets
    problem = None
    if targets is None:
        problem = "there are none"
    elif targets.numel() != len(samples) * rows:
        problem = f"got {targets.numel()} for {len(samples) * rows} rows of logits"
    elif int(targets.min()) < 0 or int(targets.max()) >= classes:
        problem = f"got {int(targets.min())} to {int(targets.max())} for {classes} classes"
    if targets is None or problem is not None:
        raise DataMismatch(
            f"Expected integer class labels to fine-tune on, but {problem}. Set distillation to 1: "
            "then the dense model alone is the teacher."
        )
    return targets.reshape(len(samples), rows).long()


def _whole(targets: Tensor) -> bool:
    return not targets.is_floating_point() and not targets.is_complex()
