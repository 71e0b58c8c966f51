"""What a network gave for some samples, in main memory, and how consecutive parts are joined."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from prunescope.bench.scored import Scored, joined_or_none, of_one_width


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

    @property
    def bytes_per_sample(self) -> int:
        """Of all tensors, those of the metrics beside the drawn one included."""
        sizes: list[int] = []

        def count(tensor: Tensor) -> Tensor:
            sizes.append(tensor.nbytes)
            return tensor

        self.mapped(count)
        return -(-sum(sizes) // max(1, len(self.score)))

    def mapped(self, change: Callable[[Tensor], Tensor]) -> "Outcome":
        """Return the same with ``change`` of every tensor."""

        def changed(tensor: Tensor | None) -> Tensor | None:
            return None if tensor is None else change(tensor)

        return replace(
            self,
            score=change(self.score),
            finite=change(self.finite),
            log_probabilities=changed(self.log_probabilities),
            entropy=changed(self.entropy),
            states=changed(self.states),
            others=changed(self.others),
            also=tuple(
                replace(other, score=change(other.score), states=changed(other.states))
                for other in self.also
            ),
        )

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
