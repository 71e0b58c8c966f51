"""What a sweep costs at most, before it starts: samples, MACs, bytes, seconds. Torch-free."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prunescope.store.logit_rows import point_bytes
from prunescope.study import Manifest
from prunescope.study.point import Point
from prunescope.sweep.kinds import kind_of
from prunescope.sweep.most_executed import MostExecuted
from prunescope.sweep.pace import Pace
from prunescope.sweep.work_behind import suffix_macs

ROW_BYTES: Final = 2000
"""Bytes of one point's row on the disk, as an upper estimate."""


@dataclass(frozen=True)
class Preflight:
    """A sweep's cost when every point is evaluated on every sample that it lacks.

    Attributes:
        points: Points to measure.
        samples: Evaluations of one sample by one pruned network.
        macs: Multiply-accumulates of the plain loop, which runs a whole pruned network for each,
            and recovers each on the calibration samples.
        suffix_macs: Multiply-accumulates behind the pruned layers alone, by the layers' order:
            replay has to execute these.
        macs_bound: The most that replay executes: the suffixes, dense walks, and the passes over
            calibration samples by which points are recovered.
        by_kind: ``suffix_macs`` of each kind of point (``kind_of``).
        logit_bytes: Upper limit of the bytes of stored logits.
    """

    points: int
    samples: int
    macs: int
    suffix_macs: int
    macs_bound: int
    by_kind: Mapping[str, int]
    logit_bytes: int

    @property
    def bytes(self) -> int:
        """Upper limit of the study's growth in bytes: the logits, and a row for each point."""
        return self.logit_bytes + self.points * ROW_BYTES

    def seconds(self, paces: Mapping[str, Pace]) -> float | None:
        """Return the processor time at the pace of earlier sweeps; None where a kind has none."""
        if not self.suffix_macs or not self.by_kind.keys() <= paces.keys():
            return None
        return sum(macs / paces[kind].rate for kind, macs in self.by_kind.items())


def preflight(
    manifest: Manifest,
    todo: Sequence[Point],
    left: Mapping[Point, int] | None = None,
    replayed: bool = True,
    budgeted: bool = False,
) -> Preflight:
    """Return the cost of evaluating ``todo`` to the last sample.

    Args:
        manifest: Of the dense network.
        todo: Points that lack samples.
        left: How many each of them lacks (``work_list.samples_left``); all samples by default.
        replayed: Whether the network is replayed; the plain loop runs all of it for each point.
        budgeted: Whether a time budget ends the sweep, so that points are finished in small groups.
    """
    population = manifest.splits.get("validation", 0)
    samples = {point: population if left is None else left[point] for point in todo}
    behind = suffix_macs(manifest)
    by_kind: dict[str, int] = {}
    for point in todo:
        kind = kind_of(point)
        by_kind[kind] = by_kind.get(kind, 0) + samples[point] * behind(point.subject)
    classes = len(manifest.baseline.class_samples) if manifest.baseline else 0
    logit_bytes = point_bytes(population, classes) if classes else 0
    evaluations = sum(samples.values())
    plain = bound = evaluations * manifest.macs
    if replayed:
        most = MostExecuted(manifest, samples)
        plain, bound = most.plain(), most.replayed(budgeted)
    return Preflight(
        len(todo), evaluations, plain, sum(by_kind.values()), bound, by_kind,
        len(todo) * logit_bytes,
    )  # fmt: skip


def folder_bytes(folder: Path) -> int:
    """Return the bytes of all files in a study's folder."""
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # merged away meanwhile
            total += path.stat().st_size if path.is_file() else 0
    return total
