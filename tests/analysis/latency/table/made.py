"""Rows of a latency table on a machine whose laws are known."""

from collections.abc import Sequence

import numpy as np

from prunescope.latency.table.features import features_of
from prunescope.latency.table.rows import LatencyRow, graph_digest, units_text
from prunescope.latency.table.tensor_sizes import shapes_of
from prunescope.study import Manifest

Units = dict[str, int]


def row(
    manifest: Manifest, units: Units, ratio: float, runtime: str = "PyTorch", spread: float = 0.02
) -> LatencyRow:
    """A timed model with quartiles ``spread`` to either side."""
    return LatencyRow(
        graph_digest(manifest), "a CPU", runtime, "2", "float32", 4, 1, units_text(units),
        "random", 2e-3, ratio, (1 - spread) * ratio, (1 + spread) * ratio, 9,
    )  # fmt: skip


def draws(manifest: Manifest, count: int, seed: int = 0) -> list[Units]:
    """Random units removed from every group."""
    made = np.random.default_rng(seed)
    groups = manifest.removable()
    return [{g.name: int(made.integers(0, g.units)) for g in groups} for _ in range(count)]


def truth(manifest: Manifest, plans: Sequence[Units]) -> list[float]:
    """A machine that needs a fixed time, and time for MACs in blocks of eight channels."""
    shapes = shapes_of(manifest)
    features = features_of(shapes, 4)
    named = [name == "MACs of conv2d, rounded up to 8" for name in features.names]
    shares = np.array(named, float) * 0.7
    shares[0] = 0.3
    assert shares.sum() == 1
    values = features.values(shapes.removed([{}, *plans])) @ shares
    return list((values[1:] / values[0]).tolist())
