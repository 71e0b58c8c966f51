"""Predict the cost of a sweep before it starts: samples, MACs, bytes, seconds. Torch-free."""

import contextlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prunescope.store.logit_rows import point_bytes
from prunescope.study import Manifest
from prunescope.study.point import Point
from prunescope.sweep.pace import Pace

ROW_BYTES: Final = 2000
"""Bytes of one point's row on the disk, as an upper estimate."""


@dataclass(frozen=True)
class Preflight:
    """A sweep's cost when every point is evaluated on every sample.

    Attributes:
        points: Points to measure.
        samples: Evaluations of one sample by one pruned network.
        macs: Multiply-accumulates of the plain loop, which runs the whole network for each.
        suffix_macs: Multiply-accumulates behind the pruned layers alone, by the layers' order:
            replay has to execute these.
        logit_bytes: Upper limit of the bytes of stored logits.
    """

    points: int
    samples: int
    macs: int
    suffix_macs: int
    logit_bytes: int

    @property
    def bytes(self) -> int:
        """Upper limit of the study's growth in bytes: the logits, and a row for each point."""
        return self.logit_bytes + self.points * ROW_BYTES

    def seconds(self, rate: float, replayed: bool) -> float:
        """Return how long it takes where the dense network does ``rate`` samples per second."""
        share = self.suffix_macs / self.macs if replayed and self.macs else 1.0
        return self.samples * share / rate

    def at(self, pace: Pace) -> float:
        """Return how many seconds it takes at the pace of an earlier sweep."""
        return self.suffix_macs / pace.rate if self.macs else math.nan


def preflight(manifest: Manifest, todo: Sequence[Point]) -> Preflight:
    """Return the cost of evaluating ``todo`` from the first sample to the last."""
    population = manifest.splits.get("validation", 0)
    macs_behind = suffix_macs(manifest)
    shares = [macs_behind(point.subject) for point in todo]
    classes = len(manifest.baseline.class_samples) if manifest.baseline else 0
    logit_bytes = point_bytes(population, classes) if classes else 0
    return Preflight(
        len(todo), len(todo) * population, len(todo) * population * manifest.macs,
        population * sum(shares), len(todo) * logit_bytes,
    )  # fmt: skip


def suffix_macs(manifest: Manifest) -> Callable[[str], int]:
    """Return the function from a layer or group to one sample's multiply-accumulates behind it.

    By the layers' order, the subject's own included; the whole network's for other subjects.
    """
    after: dict[str, int] = {}
    left = sum(layer.macs for layer in manifest.layers)
    for layer in manifest.layers:
        after.setdefault(layer.name, left)
        left -= layer.macs
    return lambda subject: after.get(subject, manifest.macs)


def folder_bytes(folder: Path) -> int:
    """Return the bytes of all files in a study's folder."""
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # merged away meanwhile
            total += path.stat().st_size if path.is_file() else 0
    return total
