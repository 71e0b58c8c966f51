"""Evaluate a network on samples, and compare two evaluations sample by sample."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from prunescope.bench.answers import outcome_later
from prunescope.bench.device import HOST, device_of
from prunescope.bench.device_batch import halved
from prunescope.bench.outcomes import Outcome as Outcome
from prunescope.bench.outcomes import join_outcomes as join_outcomes
from prunescope.bench.precision import FP32, computing_in, widened
from prunescope.bench.scored import paired_sums
from prunescope.bench.transfers import batches_ahead
from prunescope.capture.network import forward
from prunescope.errors import DataMismatch
from prunescope.metrics.class_rows import rows_per_sample
from prunescope.sources.data import Samples
from prunescope.sources.metrics import Metric
from prunescope.user_code.memory import out_of_memory


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


def evaluate(
    module: nn.Module, samples: Samples, metric: Metric, batch: int, precision: str = FP32
) -> Outcome:
    """Return the outcome of ``module`` on all ``samples``, ``batch`` at a time, without gradients.

    They are computed where the weights lie. On a device that queues its work, answers come back
    one batch later, so that nothing waits in between. Where memory runs out, batches are halved
    from there on.

    Args:
        module: In evaluation mode.
        samples: In main memory.
        metric: The score.
        batch: Samples that go through the model together.
        precision: That the model computes in; what is made of its outputs is in single precision.

    Raises:
        DataMismatch: Labels do not fit the outputs, or the model fails on the data.
        BadValue: Memory of a device runs out for a single sample.
    """
    device = device_of(module)
    parts: list[Outcome] = []
    coming: deque[Callable[[], Outcome]] = deque()
    done = 0
    with torch.inference_mode():
        while done < len(samples) or not parts:
            try:
                edges = range(done, max(len(samples), done + 1), batch)
                chunks = (samples.chunk(start, start + batch) for start in edges)
                for chunk, sent in batches_ahead(chunks, device):
                    with computing_in(precision, device):
                        outputs = forward(module, sent.inputs)
                    if precision != FP32:
                        outputs = widened(outputs)
                    coming.append(outcome_later(outputs, chunk, metric))
                    done += len(chunk)
                    if len(coming) > 1:
                        parts.append(coming.popleft()())
                parts.extend(later() for later in coming)
                coming.clear()
            except (RuntimeError, MemoryError) as error:
                if not out_of_memory(error) or (batch == 1 and device == HOST):
                    raise
                parts.extend(later() for later in coming)
                coming.clear()
                batch = halved(batch, device, error)
    return join_outcomes(parts)


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
