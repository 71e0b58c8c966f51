"""A metric from its reference: a per-sample score, and class logits where there are any."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from prunescope.commands import next_steps
from prunescope.errors import BadValue, DataMismatch, UnknownName
from prunescope.sources.functions import (
    find_function,
    is_function,
    require_kept,
    source_hash,
)
from prunescope.sources.live_function import function_hash, function_name
from prunescope.sources.user_metric import checked_metric

NAMES: Final = ("top-1", "top-5", "agreement")


@dataclass(frozen=True)
class Metric:
    """How well outputs fit targets.

    Attributes:
        name: As the user wrote it.
        score: ``(outputs, targets) → (n,)`` float scores, one per sample, higher is better.
        identity: Hash of the user's function, or the name.
        relative: Whether the targets are the dense model's own predictions.
    """

    name: str
    score: Callable[[Any, Any], Tensor]
    identity: str
    relative: bool = False


def load_metric(reference: str, labelled: bool) -> Metric:
    """Return the metric that ``reference`` names; ``agreement`` where there are no labels.

    Raises:
        UnknownName: No such metric.
        BadReference: The user's function cannot be found.
    """
    if reference == "agreement" or (reference in NAMES and not labelled):
        return Metric("agreement", _top(1), "agreement", relative=True)
    if reference in ("top-1", "top-5"):
        return Metric(reference, _top(int(reference[-1])), reference)
    require_kept("metric", reference)
    if is_function(reference):
        function = find_function("metric", reference)
        return Metric(reference, checked_metric(reference, function), source_hash(function))
    raise UnknownName.among("metric", reference, [*NAMES, "file.py:function"])


def live_metric(function: Callable[[Any, Any], Tensor], labelled: bool) -> Metric:
    """Return the metric of a live function ``(outputs, targets) → (n,)``, as by its reference.

    Raises:
        BadValue: Not callable, no labels to score, or it reads what cannot be told from a change.
    """
    if not callable(function):
        raise BadValue(
            f"Expected a metric's name, reference or function, but got "
            f"{type(function).__name__}. Choose from: {', '.join(NAMES)}."
        )
    if not labelled:
        raise BadValue(
            "Expected targets for a metric of your own, but the validation split has none. Give "
            "(inputs, targets), or take the metric agreement."
        )
    name = function_name(function)
    return Metric(name, checked_metric(name, function), function_hash(function, "metric"))


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
    return labels.to(rows.device)


def rows_per_sample(values: Tensor, samples: int) -> Tensor:
    """Return the mean over each sample's rows: ``(rows,)`` → ``(samples,)``."""
    return values.reshape(samples, -1).float().mean(1)


def _top(k: int) -> Callable[[Any, Any], Tensor]:
    def score(outputs: Any, targets: Any) -> Tensor:
        rows = logits(outputs)
        if rows is None:
            raise DataMismatch(
                f"Expected outputs with class logits (n, classes) for top-{k}, but the model "
                f"returns something else. Name your own metric: {next_steps.own_metric()}."
            )
        labels = class_labels(rows, targets, f"top-{k}")
        if k == 1:  # as predictions are taken everywhere else, ties included
            right = rows.argmax(1) == labels
        else:
            right = (rows.topk(min(k, rows.shape[1]), 1).indices == labels[:, None]).any(1)
        right &= rows.isfinite().all(1)
        return rows_per_sample(right, len(torch.as_tensor(targets)))

    return score
