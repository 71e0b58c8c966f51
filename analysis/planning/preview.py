"""Count what a plan keeps without running it: parameters, MACs, bytes in three encodings."""

from dataclasses import dataclass
from itertools import pairwise

import pandas as pd

from prunescope.curves.curve import Curve, CurveKey, Curves, curves
from prunescope.study import LayerSummary, Manifest
from prunescope.study.method import UNITS
from prunescope.study.network_size import Size, shrunk
from prunescope.study.plan import Choice, Plan
from prunescope.study.removed_counts import removed_count, units_removed


@dataclass(frozen=True)
class LayerPreview:
    """One layer whose weights the plan zeroes.

    Attributes:
        name: The layer.
        removed: Weights removed, exact.
        total: Weights of the layer, without those that its groups' removed units take away.
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
        layers: The layers whose weights the plan zeroes, in forward order.
        units: Group → units that the plan removes.
        parameters: Of the dense model, biases and norms counted.
        removed: Parameters zeroed or gone.
        stored: Parameters that the pruned model's tensors hold, zeros counted.
        dense_bytes: Parameters and buffers of the pruned model, dense: zeros are stored.
        sparse_bytes: Zeroed tensors as bit mask and values, the others dense.
        compressed_bytes: Zeroed tensors deflated, the others dense.
        compressed_measured: Whether every zeroed tensor was measured at just its sparsity, so
            that ``compressed_bytes`` is exact; else it is interpolated.
        macs: Per sample in a dense runtime, which multiplies by zeros too.
        nonzero_macs: Per sample by weights that are kept.
        exact: Whether all counts are exact. Where a layer has zeroed weights and also loses units,
            the number of zeros that leave with the units is not known yet, and an expected value
            is given.
    """

    layers: tuple[LayerPreview, ...]
    units: dict[str, int]
    parameters: int
    removed: int
    stored: int
    dense_bytes: int
    sparse_bytes: int
    compressed_bytes: int
    compressed_measured: bool
    macs: int
    nonzero_macs: int
    exact: bool = True

    @property
    def kept(self) -> int:
        """Parameters that stay and are not zeroed."""
        return self.parameters - self.removed

    @property
    def sparsity(self) -> float:
        """Fraction of all parameters zeroed or gone."""
        return self.removed / self.parameters if self.parameters else 0.0


def preview(manifest: Manifest, plan: Plan, measured: pd.DataFrame | Curves) -> Preview:
    """Return what ``plan`` keeps and costs.

    Args:
        manifest: Of the plan's study.
        plan: Its choices, of every granularity.
        measured: Measurements as in ``Study.measured()``, or their curves: they hold the
            compressed size of the masked weights.
    """
    study_curves = curves(measured, manifest) if isinstance(measured, pd.DataFrame) else measured
    active = plan.active()
    units = {
        name: units_removed(manifest.group(name), choice.sparsity)
        for name, choice in active.items()
        if choice.granularity in UNITS
    }
    size = shrunk(manifest, units) if any(units.values()) else _dense_size(manifest)
    widths = {tensor.name: tensor.width for tensor in manifest.tensors}
    usual = value_bytes(manifest)
    layers = tuple(
        _layer(
            layer,
            active[layer.name],
            size.by_tensor.get(layer.parameter, layer.parameters),
            widths.get(layer.parameter, usual),
            _curve(study_curves, plan, layer.name),
        )
        for layer in manifest.prunable()
        if layer.name in active and active[layer.name].granularity not in UNITS
    )
    return Preview(
        layers=layers,
        units=units,
        parameters=manifest.parameters,
        removed=manifest.parameters
        - size.parameters
        + sum(layer_preview.removed for layer_preview in layers),
        stored=size.parameters,
        dense_bytes=size.bytes,
        sparse_bytes=size.bytes - sum(x.dense_bytes - x.sparse_bytes for x in layers),
        compressed_bytes=size.bytes - sum(x.dense_bytes - x.compressed_bytes for x in layers),
        compressed_measured=all(layer_preview.measured for layer_preview in layers),
        macs=size.macs,
        nonzero_macs=size.macs
        - sum(layer_preview.macs - layer_preview.nonzero_macs for layer_preview in layers),
        exact=all(
            layer_preview.total == manifest.layer(layer_preview.name).parameters
            for layer_preview in layers
        ),
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


def _curve(study_curves: Curves, plan: Plan, subject: str) -> Curve | None:
    method = plan.choices[subject].method
    for recovery, seed in dict.fromkeys(((plan.recovery, plan.seed), ("none", plan.seed))):
        curve = study_curves.get(CurveKey(subject, method, recovery, seed))
        if curve is not None:  # zeros decide the bytes, and recoveries keep them
            return curve
    return None


def _dense_size(manifest: Manifest) -> Size:
    return Size(manifest.parameters, manifest.bytes, manifest.macs, {})


def _layer(
    layer: LayerSummary, choice: Choice, total: int, width: int, curve: Curve | None
) -> LayerPreview:
    """The layer with ``total`` weights left by the groups that it is a member of."""
    removed = removed_count(total, choice.sparsity)
    dense = total * width
    all_weights_left = total == layer.parameters
    compressed, measured = compressed_bytes(
        curve if all_weights_left else None, choice.sparsity, dense
    )
    macs = round(layer.macs * total / layer.parameters) if layer.parameters else 0
    return LayerPreview(
        name=layer.name,
        removed=removed,
        total=total,
        dense_bytes=dense,
        sparse_bytes=sparse_bytes(total, removed, width),
        compressed_bytes=compressed,
        measured=measured,
        macs=macs,
        nonzero_macs=macs - round(macs * removed / total) if total else macs,
    )


def compressed_bytes(curve: Curve | None, sparsity: float, dense: int) -> tuple[int, bool]:
    """Return the deflated bytes of a weight of ``dense`` bytes, and whether they were measured.

    Linear between the measured sparsities, from ``dense`` at 0 to 0 at 1.
    """
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
