"""From a model's outputs, wherever they lie, to an outcome in main memory."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils import _pytree as pytree

from prunescope.bench.device import HOST, device_of, fetch, on_host
from prunescope.bench.outcomes import Outcome
from prunescope.bench.scored import Scored, require_count
from prunescope.commands import next_steps
from prunescope.errors import DataMismatch
from prunescope.metrics.class_rows import logits, rows_per_sample
from prunescope.sources.metrics import Metric


class Answers(Protocol):
    """What is known of some samples beside their inputs, as ``Samples`` knows it."""

    @property
    def targets(self) -> Any:
        """In main memory."""

    def __len__(self) -> int:
        """Return how many samples there are."""


def outcome_of(outputs: object, chunk: Answers, metric: Metric) -> Outcome:
    """Return the outcome of ``outputs``, what a model gave for the samples in ``chunk``.

    Raises:
        DataMismatch: Labels do not fit the outputs.
    """
    return outcome_later(outputs, chunk, metric)()


def outcome_later(outputs: object, chunk: Answers, metric: Metric) -> Callable[[], Outcome]:
    """Return what gives the outcome of ``outputs`` once it is in main memory.

    What is computed of them is computed where they lie, and begins to come back at once. In main
    memory, all of it is done when this returns. Scores of a metric of the user's own are computed
    in main memory, where its author expects outputs and targets.

    Args:
        outputs: What a model gave for the samples in ``chunk``.
        chunk: With targets in main memory.
        metric: The score.

    Raises:
        DataMismatch: Labels do not fit the outputs.
    """
    leaves = [x for x in pytree.tree_leaves(outputs) if isinstance(x, Tensor)]
    device = device_of(leaves)
    if device != HOST and metric.is_users:
        outputs = pytree.tree_map(lambda x: on_host(x) if isinstance(x, Tensor) else x, outputs)
        return outcome_later(outputs, chunk, metric)
    count = len(chunk)
    finite = torch.ones(count, dtype=torch.bool, device=device)
    for leaf in leaves:
        if leaf.is_floating_point() and leaf.ndim and len(leaf) == count:
            finite &= leaf.isfinite().reshape(count, -1).all(1)
    rows = logits(metric.output(outputs)) if metric.has_classes else None
    log_probabilities = None if rows is None else rows.float().log_softmax(1)
    targets = chunk.targets
    others = None if metric.others is None else metric.others.rows(outputs, count)
    if metric.relative and not metric.has_classes:
        targets = others if targets is None else targets
    elif metric.relative:
        if log_probabilities is None:
            raise DataMismatch(
                "Expected class logits to measure agreement with the dense model, but the model "
                f"returns something else. Give labels and a metric: {next_steps.own_metric()}."
            )
        targets = log_probabilities.argmax(1) if targets is None else targets
        targets = targets.reshape(count, -1) if len(targets) != count else targets
    states = None if metric.states is None else metric.states(outputs, targets)
    score = None
    if states is None or metric.settle is None:
        score = metric.score(outputs, targets).float()
    also = tuple(Scored.of(outputs, targets, other, count) for other in metric.also)
    arrived = fetch((finite, log_probabilities, states, score, others))

    def complete() -> Outcome:
        return _complete(arrived(), count, targets, metric, also)

    if device != HOST:
        return complete
    outcome = complete()
    return lambda: outcome


def _complete(
    answers: Sequence[Tensor | None],
    count: int,
    targets: Any,
    metric: Metric,
    also: tuple[Scored, ...],
) -> Outcome:
    """The outcome from what has arrived in main memory, in the order of ``outcome_later``."""
    finite, log_probabilities, states, score, others = answers
    assert finite is not None
    if states is None or metric.settle is None:
        assert score is not None
        finite = finite & score.isfinite() if len(score) == count else finite
    else:
        score = torch.zeros(len(states))  # known of all samples together
    require_count(metric, len(score), count)
    entropy = None
    read = metric.labels(targets)
    if log_probabilities is not None and read is not None and not read.is_floating_point():
        labels = on_host(read).flatten()
        classes = log_probabilities.shape[1]
        if (
            len(labels) == len(log_probabilities)
            and int(labels.min()) >= 0
            and int(labels.max()) < classes
        ):
            entropy = rows_per_sample(
                functional.nll_loss(log_probabilities, labels, reduction="none"), count
            )
    if states is None:
        score = torch.where(finite, score, metric.worst)
    settled = states is None and all(other.states is None for other in also)
    return Outcome(
        score, finite, log_probabilities, entropy, states, metric.settle, others, settled, also
    )  # fmt: skip
