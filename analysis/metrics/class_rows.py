"""Class logits and labels: the rows that classification, tokens and pixels have in common."""

from collections.abc import Mapping
from typing import Any, Final

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from prunescope.commands import next_steps
from prunescope.errors import DataMismatch

IGNORED: Final = -100
"""The label of rows that do not count, such as padding; as in torch's cross-entropy."""


def logits(outputs: Any) -> Tensor | None:
    """Return class logits ``(rows, classes)`` from a model's outputs, or None.

    A tensor counts as logits, or the entry ``logits`` (``out``) of a dict, or the first tensor of
    a tuple. Tokens ``(n, tokens, classes)`` and pixels ``(n, classes, h, w)`` become rows.
    """
    found = outputs
    if isinstance(outputs, Mapping):
        found = next((outputs[k] for k in ("logits", "out") if k in outputs), None)
    if not isinstance(found, Tensor):
        leaves = [x for x in pytree.tree_leaves(outputs) if isinstance(x, Tensor)]
        found = leaves[0] if leaves else None
    if found is None or not found.is_floating_point() or found.ndim < 2:
        return None
    rows = found
    if found.ndim == 3:
        rows = found.flatten(0, 1)
    elif found.ndim > 3:
        rows = found.movedim(1, -1).flatten(0, -2)
    return rows if rows.shape[1] > 1 else None


def class_labels(rows: Tensor, targets: Any, what: str) -> Tensor:
    """Return ``targets`` as one class label per row of logits ``(rows, classes)``.

    Raises:
        DataMismatch: Not whole numbers, not one per row, or not a class of these logits; ``what``
            says what they are for.
    """
    labels = torch.as_tensor(targets).flatten()
    if labels.is_floating_point():
        raise DataMismatch(
            f"Expected class labels as integers for {what}, but got {labels.dtype}. Give integer "
            f"targets or your own metric: {next_steps.own_metric()}."
        )
    if len(labels) != len(rows):
        raise DataMismatch(
            f"Expected {len(rows)} labels for outputs of this shape, but got {len(labels)}. Give "
            "one label per row of logits."
        )
    if len(labels) and (int(labels.min()) < 0 or int(labels.max()) >= rows.shape[1]):
        raise DataMismatch(
            f"Expected labels from 0 to {rows.shape[1] - 1} for outputs with {rows.shape[1]} "
            f"classes, but got {int(labels.min())} to {int(labels.max())}. Check that data and "
            "model have the same classes."
        )
    return labels.to(rows.device, non_blocking=True)


def rows_per_sample(values: Tensor, samples: int) -> Tensor:
    """Return the mean over each sample's rows: ``(rows,)`` → ``(samples,)``."""
    return values.reshape(samples, -1).float().mean(1)


def counted_rows(outputs: Any, targets: Any, name: str) -> tuple[Tensor, Tensor, Tensor]:
    """Return logits ``(rows, classes)``, labels ``(rows,)`` and which rows count, for a metric.

    Rows with the label -100 do not count; their label is 0 in what is returned.

    Raises:
        DataMismatch: No class logits, or labels that do not fit them.
    """
    rows = logits(outputs)
    if rows is None:
        raise DataMismatch(
            f"Expected outputs with class logits (n, classes) for {name}, but the model "
            f"returns something else. Name your own metric: {next_steps.own_metric()}."
        )
    labels = torch.as_tensor(targets)
    counts = labels.flatten() != IGNORED
    labels = class_labels(rows, torch.where(labels == IGNORED, 0, labels), name)
    return rows, labels, counts.to(rows.device, non_blocking=True)


def sample_count(targets: Any) -> int:
    """Return for how many samples there are ``targets``."""
    return len(torch.as_tensor(targets))


def mean_of_counted(values: Tensor, counts: Tensor, samples: int) -> Tensor:
    """Return each sample's mean over the rows that count: ``(rows,)`` → ``(samples,)``.

    A sample of which no row counts has 0.
    """
    of_sample = counts.reshape(samples, -1)
    total = torch.where(of_sample, values.reshape(samples, -1).float(), 0.0).sum(1)
    return total / of_sample.sum(1).clamp(min=1)
