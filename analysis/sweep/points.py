"""The work list: which points a sweep has to measure, and which are stored already."""

from dataclasses import dataclass

import pandas as pd

from analysis.errors import BadValue
from analysis.store.measurements import KEY
from analysis.study import MEASUREMENT_VERSION, Grid, Manifest, Method, check_names


@dataclass(frozen=True)
class Point:
    """One subject pruned by one method to one sparsity."""

    subject: str
    method: Method
    sparsity: float
    recovery: str = "none"
    seed: int = 0

    def key(self, manifest: Manifest) -> tuple[str | int | float, ...]:
        """Return the point's key in the measurements table."""
        return (
            manifest.fingerprint, MEASUREMENT_VERSION, self.subject, self.method.criterion,
            self.method.granularity, self.sparsity, self.recovery, self.seed,
        )  # fmt: skip


def points(grid: Grid, manifest: Manifest) -> tuple[Point, ...]:
    """Return all points of ``grid`` in forward order of layers, then method, then sparsity.

    Raises:
        UnknownName: A layer or method that does not exist.
        BadValue: A layer or method that exists but cannot be pruned or used here, with why.
    """
    subjects = [layer.name for layer in manifest.prunable()]
    check_names("layer", grid.subjects, [layer.name for layer in manifest.layers])
    for name in grid.subjects:
        reason = manifest.layer(name).reason
        if reason is not None:
            raise BadValue(f"Expected a layer that can be pruned, but {name} cannot: {reason}.")
    known = {summary.name: summary for summary in manifest.methods}
    check_names("method", map(str, grid.methods), known)
    for method in grid.methods:
        reason = known[str(method)].reason
        if reason is not None:
            raise BadValue(
                f"Expected a method that fits this model, but {method} does not: {reason}. "
                "Choose another method."
            )
    chosen = [name for name in subjects if not grid.subjects or name in grid.subjects]
    return tuple(
        Point(subject, method, sparsity, recovery, seed)
        for subject in chosen
        for method in grid.methods
        for recovery in grid.recoveries
        for seed in grid.seeds
        for sparsity in sorted(set(grid.sparsities))
    )


def missing(wanted: tuple[Point, ...], measured: pd.DataFrame, manifest: Manifest) -> list[Point]:
    """Return the points of ``wanted`` that ``measured`` does not hold."""
    stored = set(measured[list(KEY)].itertuples(index=False, name=None))
    return [point for point in wanted if point.key(manifest) not in stored]
