"""What a measured plan answers to every sample, beside the dense network: one row per plan."""

from dataclasses import dataclass
from typing import Final

ANSWERS_KEY: Final = ("fingerprint", "version", "digest", "split")


@dataclass(frozen=True)
class PlanAnswers:
    """The classes that two networks answer to the same samples, in the order of the split.

    Attributes:
        fingerprint: Of weights, graph, data and metric.
        version: The engine's measurement version.
        digest: Of the plan.
        split: ``validation``.
        recovery: Of the plan; the dense network went through it too.
        samples: How many, ``n``.
        target: ``(n,)`` the samples' own classes; empty without labels.
        dense: ``(n,)`` the dense network's answers.
        pruned: ``(n,)`` the pruned network's answers; -1 where its outputs are not finite.
        dense_confidence: ``(n,)`` probability that the dense network gives to its answer.
        pruned_confidence: ``(n,)`` the same of the pruned one; NaN where it has no answer.
    """

    fingerprint: str
    version: int
    digest: str
    split: str
    recovery: str
    samples: int
    target: tuple[int, ...]
    dense: tuple[int, ...]
    pruned: tuple[int, ...]
    dense_confidence: tuple[float, ...]
    pruned_confidence: tuple[float, ...]
