"""Evaluate a network on samples, and compare two evaluations sample by sample."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils import _pytree as pytree

from prunescope.bench.device import on_host
from prunescope.bench.scored import (
    Scored,
    joined_or_none,
    of_one_width,
    paired_sums,
    require_count,
)
from prunescope.capture.network import forward
from prunescope.commands import next_steps
from prunescope.errors import DataMismatch
from prunescope.metrics.class_rows import logits, rows_per_sample
from prunescope.sources.data import Samples
from prunescope.sources.metrics import Metric


@dataclass(frozen=True)
class Outcome:
    """What a network gave for each of ``n`` samples.

    Attributes:
        score: ``(n,)`` float32, the metric's worst where outputs or the score are not finite.
        finite: ``(n,)`` bool, whether outputs and score are.
        log_probabilities: ``(rows, classes)`` float32, or None without class logits; rows are
            samples, or a sample's tokens or pixels one after the other.
        entropy: ``(n,)`` cross-entropy in nats, or None without class logits and labels.
        states: ``(n, k)`` of a metric of a whole set (``prunescope.metrics.set_metric``), of which
            ``settle`` makes the scores anew whenever the set is another.
        also: The same by the metrics that are stored beside the drawn one.
        settled: Whether ``score`` is known: of a metric of a whole set, once parts are joined.
        others: ``(n, values)`` of the outputs beside the class logits, of which half a squared
            distance is a divergence (``prunescope.metrics.other_outputs``); None without any.
    """

    score: Tensor
    finite: Tensor
    log_probabilities: Tensor | None = None
    entropy: Tensor | None = None
    states: Tensor | None = None
    settle: Callable[[Tensor], Tensor] | None = None
    others: Tensor | None = None
    settled: bool = True
    also: tuple[Scored, ...] = ()

    @property
    def predicted(self) -> Tensor | None:
        """``(rows,)`` predicted classes, or None."""
        return None if self.log_probabilities is None else self.log_probabilities.argmax(1)

    def class_correct(self, targets: Tensor, classes: int) -> tuple[int, ...]:
        """Return per class how many samples with that target are predicted right.

        Args:
            targets: ``(n,)`` labels, one per row of logits.
            classes: How many classes.
        """
        if self.predicted is None:
            return ()
        right = (self.predicted == targets) & self.finite
        return tuple(torch.bincount(targets[right], minlength=classes).tolist())

    def picked(self, samples: Tensor) -> "Outcome":
        """Return the outcome of some samples, in the order asked for.

        Args:
            samples: ``(k,)`` int64, their places.
        """
        rows = None
        if self.log_probabilities is not None:
            table = self.log_probabilities
            rows = table.reshape(len(self.score), -1, table.shape[1])[samples].flatten(0, 1)
        entropy = None if self.entropy is None else self.entropy[samples]
        states = None if self.states is None else self.states[samples]
        score = self.score[samples]
        if states is not None and self.settle is not None:
            score = self.settle(states)
        others = None if self.others is None else self.others[samples]
        also = tuple(other.picked(samples) for other in self.also)
        return Outcome(
            score, self.finite[samples], rows, entropy, states, self.settle, others, also=also
        )


@dataclass(frozen=True)
class Comparison:
    """Sums over samples of what pruning changed; see ``prunescope.store.measurements``."""

    samples: int
    score_sum: float
    drop_sum: float
    drop_squares: float
    entropy_sum: float
    entropy_squares: float
    divergence_sum: float
    divergence_squares: float
    agreements: int
    nonfinite: int
    class_correct: tuple[int, ...]
    others: tuple[float, ...] = ()


def evaluate(module: nn.Module, samples: Samples, metric: Metric, batch: int) -> Outcome:
    """Return the outcome of ``module`` on all ``samples``, ``batch`` at a time, without gradients.

    Raises:
        DataMismatch: Labels do not fit the outputs, or the model fails on the data.
    """
    parts = []
    with torch.inference_mode():
        for start in range(0, len(samples), batch):
            chunk = samples.chunk(start, start + batch)
            parts.append(outcome_of(forward(module, chunk.inputs), chunk, metric))
    return join_outcomes(parts)


def join_outcomes(parts: Sequence[Outcome]) -> Outcome:
    """Return the outcome of all samples from those of consecutive parts."""
    if len(parts) == 1 and parts[0].settled:
        return parts[0]
    states = joined_or_none(of_one_width([part.states for part in parts]))
    settle = parts[0].settle if parts else None
    finite = torch.cat([part.finite for part in parts])
    if states is not None and settle is not None:
        score = settle(states)
        finite = finite & score.isfinite()
    else:
        score = torch.cat([part.score for part in parts])
    return Outcome(
        score,
        finite,
        joined_or_none([part.log_probabilities for part in parts]),
        joined_or_none([part.entropy for part in parts]),
        states,
        settle,
        joined_or_none([part.others for part in parts]),
        also=tuple(map(Scored.joined, zip(*(part.also for part in parts), strict=True))),
    )


def require_finite(dense: Outcome) -> None:
    """Raise ``DataMismatch`` when the dense model itself gives NaN or infinity."""
    broken = int((~dense.finite).sum())
    if broken:
        raise DataMismatch(
            f"Expected finite outputs and scores from the dense model, but {broken} of "
            f"{len(dense.finite)} samples give NaN or infinity. Check the weights, the "
            "preprocessing of the data and the metric."
        )


def compare(dense: Outcome, pruned: Outcome, targets: Tensor | None, classes: int) -> Comparison:
    """Return the paired sums of ``pruned`` against ``dense`` on the same samples, in float64.

    Args:
        dense: The reference.
        pruned: The same samples in the same order.
        targets: ``(n,)`` labels for per-class counts, or None.
        classes: How many classes; 0 for no per-class counts.
    """
    n = len(dense.score)
    drop = dense.score.double() - pruned.score.double()
    missing = torch.full((n,), torch.nan, dtype=torch.float64)
    entropy = missing
    agreements = -1
    correct: tuple[int, ...] = ()
    if dense.entropy is not None and pruned.entropy is not None:
        entropy = pruned.entropy.double() - dense.entropy.double()
    apart = divergences(dense, pruned)
    divergence = missing if apart is None else apart
    if dense.log_probabilities is not None and pruned.log_probabilities is not None:
        same = dense.log_probabilities.argmax(1) == pruned.log_probabilities.argmax(1)
        agreements = int((same.reshape(n, -1).all(1) & pruned.finite).sum())
    if classes and targets is not None:
        correct = pruned.class_correct(targets, classes)
    return Comparison(
        samples=n,
        score_sum=pruned.score.double().sum().item(),
        drop_sum=drop.sum().item(),
        drop_squares=drop.square().sum().item(),
        entropy_sum=entropy.sum().item(),
        entropy_squares=entropy.square().sum().item(),
        divergence_sum=divergence.sum().item(),
        divergence_squares=divergence.square().sum().item(),
        agreements=agreements,
        nonfinite=int((~pruned.finite).sum()),
        class_correct=correct,
        others=tuple(
            total
            for before, after in zip(dense.also, pruned.also, strict=True)
            for total in paired_sums(before.score.double(), after.score.double())
        ),
    )


def divergences(dense: Outcome, pruned: Outcome) -> Tensor | None:
    """Return how far apart the outputs are, ``(n,)`` float64 in nats, or None without any.

    The divergence of class probabilities, summed over a sample's rows, and half the squared
    distance of other outputs.
    """
    divergence = None
    if dense.log_probabilities is not None and pruned.log_probabilities is not None:
        kl = functional.kl_div(
            pruned.log_probabilities, dense.log_probabilities, reduction="none", log_target=True
        ).sum(1)
        divergence = rows_per_sample(kl, len(dense.score)).double().clamp(min=0)
    if dense.others is not None and pruned.others is not None:
        apart = (pruned.others - dense.others).square().sum(1).double() / 2
        divergence = apart if divergence is None else divergence + apart
    return divergence


def outcome_of(outputs: object, chunk: Samples, metric: Metric) -> Outcome:
    """Return the outcome of ``outputs``, what a model gave for the samples in ``chunk``.

    Raises:
        DataMismatch: Labels do not fit the outputs.
    """
    count = len(chunk)
    leaves = [x for x in pytree.tree_leaves(outputs) if isinstance(x, Tensor)]
    finite = torch.ones(count, dtype=torch.bool)
    for leaf in leaves:
        if leaf.is_floating_point() and leaf.ndim and len(leaf) == count:
            finite &= on_host(leaf.isfinite().reshape(count, -1).all(1))
    rows = logits(metric.output(outputs)) if metric.has_classes else None
    log_probabilities = None if rows is None else on_host(rows.float().log_softmax(1))
    targets = chunk.targets
    if metric.relative:
        if log_probabilities is None:
            raise DataMismatch(
                "Expected class logits to measure agreement with the dense model, but the model "
                f"returns something else. Give labels and a metric: {next_steps.own_metric()}."
            )
        targets = log_probabilities.argmax(1) if targets is None else targets
        targets = targets.reshape(count, -1) if len(targets) != count else targets
    states = None if metric.states is None else on_host(metric.states(outputs, targets))
    if states is None or metric.settle is None:
        score = on_host(metric.score(outputs, targets).float())
        finite &= score.isfinite() if len(score) == count else False
    else:
        score = torch.zeros(len(states))  # known of all samples together
    require_count(metric, len(score), count)
    entropy = None
    read = metric.labels(targets)
    if log_probabilities is not None and read is not None and not read.is_floating_point():
        labels = read.flatten()
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
    others = None if metric.others is None else metric.others.rows(outputs, count)
    return Outcome(
        score, finite, log_probabilities, entropy, states, metric.settle,
        None if others is None else on_host(others),
        states is None and all(other.states is None for other in metric.also),
        tuple(Scored.of(outputs, targets, other, count) for other in metric.also),
    )  # fmt: skip
