"""Scores by the metrics that are stored beside the drawn one, and joining what batches gave."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from prunescope.bench.device import on_host
from prunescope.errors import BadValue
from prunescope.sources.metrics import Metric


@dataclass(frozen=True)
class Scored:
    """What a network got by one of the metrics that are stored beside the drawn one.

    Attributes:
        score: ``(n,)`` float32, as in ``Outcome``.
        states: ``(n, k)`` of a metric of a whole set, or None.
        settle: As in ``Outcome``.
    """

    score: Tensor
    states: Tensor | None = None
    settle: Callable[[Tensor], Tensor] | None = None

    @staticmethod
    def of(outputs: object, targets: object, metric: Metric, count: int) -> "Scored":
        """Return the scores of ``count`` samples; of a metric of a whole set their states."""
        if metric.states is not None and metric.settle is not None:
            states = on_host(metric.states(outputs, targets))
            require_count(metric, len(states), count)
            return Scored(torch.zeros(count), states, metric.settle)
        score = on_host(metric.score(outputs, targets).float())
        require_count(metric, len(score), count)
        return Scored(torch.where(score.isfinite(), score, metric.worst))

    def picked(self, samples: Tensor) -> "Scored":
        """Return those of some samples."""
        if self.states is None or self.settle is None:
            return Scored(self.score[samples])
        states = self.states[samples]
        return Scored(self.settle(states), states, self.settle)

    @staticmethod
    def joined(parts: "Sequence[Scored]") -> "Scored":
        """Return those of consecutive parts together."""
        states, settle = (
            joined_or_none(of_one_width([part.states for part in parts])),
            parts[0].settle,
        )
        if states is None or settle is None:
            return Scored(torch.cat([part.score for part in parts]))
        return Scored(settle(states), states, settle)


def paired_sums(dense: Tensor, pruned: Tensor) -> tuple[float, float, float]:
    """Return sums of score, drop and squared drop, as ``study.other_metric`` orders them."""
    drop = dense - pruned
    return pruned.sum().item(), drop.sum().item(), drop.square().sum().item()


def require_count(metric: Metric, scores: int, count: int) -> None:
    """Raise ``BadValue`` unless ``metric`` gave a score for each of ``count`` samples."""
    if scores != count:
        raise BadValue(
            f"Expected metric {metric.name} to return {count} scores for {count} samples, but got "
            f"{scores}. Do not average over samples."
        )


def of_one_width(parts: list[Tensor | None]) -> list[Tensor | None]:
    """Return states of batches of one width, the narrower ones filled up with NaN."""
    widths = {part.shape[1] for part in parts if part is not None}
    if len(widths) < 2:
        return parts
    return [
        part if part is None else functional.pad(part, (0, max(widths) - part.shape[1]),
                                                 value=torch.nan)
        for part in parts
    ]  # fmt: skip


def joined_or_none(parts: list[Tensor | None]) -> Tensor | None:
    """Return the tensors of consecutive batches together, None where one has none."""
    present = [part for part in parts if part is not None]
    return torch.cat(present) if len(present) == len(parts) and parts else None
