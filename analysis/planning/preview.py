"""What a plan keeps and costs, before anything is run: exact counts, bytes three ways, MACs."""

from dataclasses import dataclass
from itertools import pairwise

import pandas as pd

from analysis.curves import Curve, CurveKey, Curves, curves
from analysis.planning.counts import removed_count
from analysis.planning.plan import Choice, Plan
from analysis.study import LayerSummary, Manifest


@dataclass(frozen=True)
class LayerPreview:
    """One layer under the plan.

    Attributes:
        name: The layer.
        removed: Weights removed, exact.
        total: Weights that there were.
        dense_bytes: Of the weight as a dense tensor.
        sparse_bytes: As one bit per weight plus the kept values, or dense where that is smaller.
        compressed_bytes: Of the masked weight, deflated (zlib level 6).
        measured: Whether ``compressed_bytes`` was measured at just this sparsity.
        macs: Multiply-accumulates per sample of a dense runtime.
        nonzero_macs: Multiply-accumulates per sample by weights that are kept.
    """

    name: str
    removed: int
    total: int
    dense_bytes: int
    sparse_bytes: int
    compressed_bytes: int
    measured: bool
    macs: int
    nonzero_macs: int


@dataclass(frozen=True)
class Preview:
    """A whole model under a plan. Tensors that the plan leaves alone count as they are.

    Attributes:
        layers: The layers that the plan prunes, in forward order.
        parameters: Of the dense model, biases and norms counted.
        removed: Weights removed, exact.
        dense_bytes: Parameters and buffers, dense: zeros are stored.
        sparse_bytes: Pruned tensors as bit mask and values, the others dense. Exact.
        compressed_bytes: Pruned tensors deflated, the others dense.
        compressed_measured: Whether every pruned tensor was measured at just its sparsity, so
            that ``compressed_bytes`` is exact; else it is interpolated.
        macs: Per sample in a dense runtime, which multiplies by zeros too.
        nonzero_macs: Per sample by weights that are kept.
    """

    layers: tuple[LayerPreview, ...]
    parameters: int
    removed: int
    dense_bytes: int
    sparse_bytes: int
    compressed_bytes: int
    compressed_measured: bool
    macs: int
    nonzero_macs: int

    @property
    def kept(self) -> int:
        """Parameters that stay."""
        return self.parameters - self.removed

    @property
    def sparsity(self) -> float:
        """Fraction of all parameters removed."""
        return self.removed / self.parameters if self.parameters else 0.0


def preview(manifest: Manifest, plan: Plan, measured: pd.DataFrame | Curves) -> Preview:
    """Return what ``plan`` keeps and costs.

    Args:
        manifest: Of the plan's study.
        plan: Its choices at weight granularity are counted.
        measured: Measurements as in ``Study.measured()``, or their curves: they tell how well
            the masked weights compress.
    """
    known = curves(measured, manifest) if isinstance(measured, pd.DataFrame) else measured
    width = value_bytes(manifest)
    active = plan.active()
    layers = tuple(
        _layer(layer, active[layer.name], width, _curve(known, plan, layer.name))
        for layer in manifest.prunable()
        if layer.name in active
    )
    return Preview(
        layers=layers,
        parameters=manifest.parameters,
        removed=sum(each.removed for each in layers),
        dense_bytes=manifest.bytes,
        sparse_bytes=manifest.bytes - sum(x.dense_bytes - x.sparse_bytes for x in layers),
        compressed_bytes=manifest.bytes - sum(x.dense_bytes - x.compressed_bytes for x in layers),
        compressed_measured=all(each.measured for each in layers),
        macs=manifest.macs,
        nonzero_macs=manifest.macs - sum(each.macs - each.nonzero_macs for each in layers),
    )


def value_bytes(manifest: Manifest) -> int:
    """Return the bytes of one stored value: 4 for float32. At least 1."""
    return max(round(manifest.bytes / max(manifest.parameters + manifest.buffers, 1)), 1)


def sparse_bytes(total: int, removed: int, width: int) -> int:
    """Return the bytes of a tensor as a bit mask and its kept values, or dense if that is less.

    >>> sparse_bytes(100, 90, 4), sparse_bytes(100, 0, 4)
    (53, 400)
    """
    return min(-(-total // 8) + (total - removed) * width, total * width)


def _curve(known: Curves, plan: Plan, subject: str) -> Curve | None:
    method = plan.choices[subject].method
    for recovery, seed in dict.fromkeys(((plan.recovery, plan.seed), ("none", plan.seed))):
        found = known.get(CurveKey(subject, method, recovery, seed))
        if found is not None:  # recovery leaves the weights alone, so any will do
            return found
    return None


def _layer(layer: LayerSummary, choice: Choice, width: int, curve: Curve | None) -> LayerPreview:
    total = layer.parameters
    removed = removed_count(total, choice.sparsity)
    dense = total * width
    compressed, measured = _compressed(curve, choice.sparsity, dense)
    return LayerPreview(
        name=layer.name,
        removed=removed,
        total=total,
        dense_bytes=dense,
        sparse_bytes=sparse_bytes(total, removed, width),
        compressed_bytes=compressed,
        measured=measured,
        macs=layer.macs,
        nonzero_macs=layer.macs - round(layer.macs * removed / total) if total else layer.macs,
    )


def _compressed(curve: Curve | None, sparsity: float, dense: int) -> tuple[int, bool]:
    """Deflated bytes, linear between the measured sparsities, from ``dense`` at 0 to 0 at 1."""
    points = [(0.0, dense)]
    if curve is not None:
        points += [(p.sparsity, p.compressed_bytes) for p in curve.points if p.compressed_bytes]
    if points[-1][0] < 1:
        points.append((1.0, 0))
    point = curve.at(sparsity) if curve is not None else None
    if point is not None and point.compressed_bytes:
        return point.compressed_bytes, True
    for (low, before), (high, after) in pairwise(points):
        if sparsity <= high:
            part = (sparsity - low) / (high - low)
            return round(before + part * (after - before)), False
    return dense, False
