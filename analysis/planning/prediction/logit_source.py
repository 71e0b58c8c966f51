"""Where predictors read logits: the study's store, or arrays in memory. Torch-free."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from prunescope.curves.curve import CurveKey
from prunescope.study import Manifest
from prunescope.study.point import Key, Point


class LogitSource(Protocol):
    """Logits of the study's first samples, in the study's order; ``LogitStore`` is one."""

    def read_many(self, keys: Iterable[Key]) -> dict[Key, np.ndarray]:
        """Return ``(samples, classes)`` float32 of those of ``keys`` that are stored."""
        ...

    def targets(self) -> np.ndarray | None:
        """Return the labels ``(samples,)`` int64, or None."""
        ...


@dataclass(frozen=True)
class LogitsInMemory:
    """Logits that are in memory already.

    Attributes:
        rows: Key → ``(samples, classes)``.
        labels: ``(samples,)``.
    """

    rows: Mapping[Key, np.ndarray] = field(default_factory=dict)
    labels: np.ndarray | None = None

    def read_many(self, keys: Iterable[Key]) -> dict[Key, np.ndarray]:
        """Return the logits of those of ``keys`` that are there."""
        return {key: self.rows[key] for key in keys if key in self.rows}

    def targets(self) -> np.ndarray | None:
        """Return the labels."""
        return self.labels


def operator_key(manifest: Manifest, curve: CurveKey, sparsity: float) -> Key:
    """Return the key under which the logits of one measured point are kept."""
    point = Point(curve.subject, curve.method, sparsity, curve.recovery, curve.seed)
    return point.key(manifest)
