"""The figures by which a predicted and a measured plan are compared."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from prunescope.study import Baseline


@dataclass(frozen=True)
class PredictedEffects:
    """What a plan does on the validation split.

    Attributes:
        drop: Dense minus pruned score.
        entropy: Change of the mean cross-entropy in nats; NaN when unknown.
        divergence: Mean KL(dense ‖ pruned) in nats; NaN when unknown.
        worst: By how much the recall of the least recognised class falls, whichever class that is
            before and after; NaN when unknown.
        changing: Share of samples that change their class; NaN when unknown, as of a verified plan.
    """

    drop: float
    entropy: float = math.nan
    divergence: float = math.nan
    worst: float = math.nan
    changing: float = math.nan

    @classmethod
    def measured(cls, row: Mapping[Any, Any], baseline: Baseline | None) -> Self:
        """Return the figures of a verified plan.

        Args:
            row: A ``Verification`` as a mapping.
            baseline: Of the dense model on the validation split.
        """
        samples = row["samples"]
        worst = math.nan
        if baseline is not None and len(row["class_correct"]) == len(baseline.class_samples):
            worst = _least(baseline.class_correct, baseline) - _least(
                row["class_correct"], baseline
            )
        return cls(
            row["drop_sum"] / samples, row["entropy_sum"] / samples,
            row["divergence_sum"] / samples, worst,
        )  # fmt: skip

    @property
    def damages(self) -> dict[str, float]:
        """By the names that goals give them."""
        return {
            "drop": self.drop, "cross-entropy": self.entropy, "divergence": self.divergence
        }  # fmt: skip


def _least(correct: tuple[int, ...], baseline: Baseline) -> float:
    recalls = [
        right / class_samples
        for right, class_samples in zip(correct, baseline.class_samples, strict=True)
        if class_samples
    ]
    return min(recalls, default=math.nan)
