"""The work list: which points a sweep has to measure, and which are stored already."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from prunescope.errors import BadValue, UnknownName
from prunescope.study import (
    Grid,
    Manifest,
    Method,
    check_names,
    is_control,
    pattern_of,
)
from prunescope.study.method import BLOCK, UNITS
from prunescope.study.name_patterns import matching
from prunescope.study.point import KEY, Point
from prunescope.study.recoveries import RECOVERIES
from prunescope.study.removed_counts import smallest_sparsity, unit_sparsities
from prunescope.sweep.shards import own_points


def points(grid: Grid, manifest: Manifest) -> tuple[Point, ...]:
    """Return the points of ``grid`` in forward order of subjects, then method, then sparsity.

    Layers take the sparsities as asked; an ``n:m`` pattern has the one sparsity that it is;
    groups take the sparsities that their units allow, in the grid's multiple, and none at which
    nothing would be removed (``groups_left_out`` names the groups that have none at all); a block
    leaves whole. Of a grid that is divided among machines, its own shard's points.

    Methods that do not fit the model are left out where others do; patterns stand for all names
    that match them.

    Raises:
        UnknownName: A layer, group or method that does not exist.
        BadValue: One that exists but cannot be pruned or used here, with why.
    """
    check_names("recovery", grid.recoveries, RECOVERIES)
    asked, grid = grid, with_names(grid, manifest)
    _check_methods(grid, manifest)
    _check_subjects(grid, manifest)
    unfit = unfit_methods(grid, manifest)
    grid = replace(grid, methods=tuple(m for m in grid.methods if m not in unfit))
    every = tuple(
        Point(subject, method, value, recovery, seed)
        for subject, method, value in _pruned(grid, manifest)
        for recovery in grid.recoveries
        for seed in (grid.seeds if is_control(method.criterion) else (0,))
    )
    return own_points(every, asked, manifest)


def with_names(grid: Grid, manifest: Manifest) -> Grid:
    """Return ``grid`` with patterns of layers and groups replaced by the names that match them.

    Raises:
        UnknownName: A pattern matches nothing that can be pruned.
    """
    grouped = any(method.granularity in UNITS for method in grid.methods)
    single = any(method.granularity not in UNITS for method in grid.methods)
    known = [layer.name for layer in manifest.prunable()] if single else []
    known += [group.name for group in manifest.leaving()] if grouped else []
    what = "layer or group" if grouped else "layer"
    return replace(grid, subjects=matching(grid.subjects, list(dict.fromkeys(known)), what))


def unfit_methods(grid: Grid, manifest: Manifest) -> dict[Method, str]:
    """Return why methods of ``grid`` do not suit the model, its data or its loss."""
    reasons = {summary.name: summary.reason for summary in manifest.methods}
    unfit = {}
    for method in grid.methods:
        reason = reasons.get(str(method))
        if method.granularity in UNITS and not manifest.removable(method.granularity):
            reason = f"there is no {method.granularity} that can be removed"
        if reason is not None:
            unfit[method] = reason
    return unfit


def missing_points(
    grid_points: tuple[Point, ...], measured: pd.DataFrame, manifest: Manifest
) -> list[Point]:
    """Return the points of ``grid_points`` that ``measured`` does not hold on all samples."""
    complete = measured[measured["samples"] >= measured["population"]]
    stored = set(complete[list(KEY)].itertuples(index=False, name=None))
    return [point for point in grid_points if point.key(manifest) not in stored]


def samples_left(
    todo: Sequence[Point], measured: pd.DataFrame, manifest: Manifest
) -> dict[Point, int]:
    """Return how many validation samples each point of ``todo`` still lacks."""
    population = manifest.splits.get("validation", 0)
    keys = measured[list(KEY)].itertuples(index=False, name=None)
    seen = dict(zip(keys, measured["samples"].tolist(), strict=True))
    return {point: population - int(seen.get(point.key(manifest), 0)) for point in todo}


def groups_left_out(grid: Grid, manifest: Manifest) -> tuple[str, ...]:
    """Return the reason for each group of ``grid`` for which none of its sparsities exists.

    And why a method, or an ``n:m`` pattern on a layer that was asked for, gives no point. Such a
    group has too few units to keep a multiple of them, or every sparsity is too small to remove
    one, or its removal failed the check on this model's own samples.
    """
    granularities = {method.granularity for method in grid.methods}
    grid = with_names(grid, manifest)
    reasons = [f"{method}: {reason}" for method, reason in unfit_methods(grid, manifest).items()]
    reasons += [f"{name}: {why}" for name, why in without_blocks(grid, manifest).items()]
    reasons += [
        f"{group.name}: {group.reason}"
        for group in manifest.groups
        if group.reason is not None
        and (group.units or group.granularity == BLOCK)
        and group.granularity in granularities
    ]
    for group in manifest.leaving():
        chosen = not grid.subjects or group.name in grid.subjects
        if not chosen or group.granularity not in granularities:
            continue
        if group.granularity == BLOCK or unit_sparsities(
            group.units, grid.sparsities, grid.multiple
        ):
            continue
        least = smallest_sparsity(group.units, grid.multiple)
        few = f"{group.name} has {group.units} {group.granularity}s"
        if least is None:
            reasons.append(f"{few}, too few to remove any and keep a multiple of {grid.multiple}")
        else:
            reasons.append(f"{few}; the smallest sparsity that removes any is {least:g}")
    return tuple(reasons)


def _pruned(grid: Grid, manifest: Manifest) -> list[tuple[str, Method, float]]:
    """Subject, method and sparsity, in order."""
    chosen = set(grid.subjects)
    sparsities = sorted(set(grid.sparsities))
    combinations = []
    for layer in manifest.prunable():
        if chosen and layer.name not in chosen:
            continue
        for method in grid.methods:
            if method.granularity == "weight":
                combinations += [(layer.name, method, value) for value in sparsities]
            elif (blocks := pattern_of(method.granularity)) and layer.takes_blocks(blocks.of):
                combinations.append((layer.name, method, blocks.sparsity))
    for group in manifest.leaving():
        if chosen and group.name not in chosen:
            continue
        for method in grid.methods:
            if method.granularity == group.granularity:
                values: tuple[float, ...] = (1.0,)  # a block leaves whole
                if group.granularity != BLOCK:
                    values = unit_sparsities(group.units, sparsities, grid.multiple)
                combinations += [(group.name, method, value) for value in values]
    return combinations


def _check_methods(grid: Grid, manifest: Manifest) -> None:
    summaries = {summary.name: summary for summary in manifest.methods}
    unfit = unfit_methods(grid, manifest)
    for method in grid.methods:
        if len(unfit) < len(grid.methods):
            break
        if method.granularity in UNITS and not manifest.removable(method.granularity):
            raise BadValue(
                f"Expected a model with {method.granularity}s that can be removed for {method}, "
                f"but this one has none: {_why_none(manifest, method.granularity)}"
            )
    known = [
        method
        for method in grid.methods
        if method.granularity not in UNITS or manifest.removable(method.granularity)
    ]
    check_names("method", map(str, known), summaries)
    for method in grid.methods:
        if len(unfit) < len(grid.methods):
            break
        reason = summaries[str(method)].reason
        if reason is not None:
            raise BadValue(
                f"Expected a method that fits this model, but {method} does not: {reason}. "
                "Choose another method."
            )


def without_blocks(grid: Grid, manifest: Manifest) -> dict[str, str]:
    """Return why layers of ``grid`` have no point by an ``n:m`` pattern, by layer and method."""
    reasons = {}
    for method in grid.methods:
        blocks = pattern_of(method.granularity)
        for layer in manifest.prunable() if blocks is not None else ():
            if blocks is None or layer.name not in grid.subjects or layer.takes_blocks(blocks.of):
                continue
            dimension = layer.input_dimension
            if dimension is None or len(layer.shape) <= max(1, dimension):
                why = "it has no inputs that are multiplied and summed"
            else:
                why = f"it has {layer.shape[dimension]} inputs, which {blocks.of} does not divide"
            reasons[f"{layer.name} {method}"] = why
    return reasons


def _check_subjects(grid: Grid, manifest: Manifest) -> None:
    layers = {layer.name: layer.reason for layer in manifest.layers}
    groups = {group.name: group.reason for group in reversed(manifest.groups)}
    groups |= {group.name: None for group in manifest.leaving()}  # a part may be refused
    grouped = any(method.granularity in UNITS for method in grid.methods)
    subjects = layers | (groups if grouped else {})
    for name in grid.subjects:
        if name not in subjects:
            raise UnknownName.among("layer or group" if grouped else "layer", name, subjects)
        reason = subjects[name]
        if reason is not None:
            raise BadValue(f"Expected a layer that can be pruned, but {name} cannot: {reason}.")


def _why_none(manifest: Manifest, granularity: str) -> str:
    """Why no unit of ``granularity`` can be removed, and what to do."""
    if manifest.capture_problem:
        return manifest.capture_problem
    own = [group for group in manifest.groups if group.granularity == granularity]
    reason = next((group.reason for group in own if group.reason), "there is nothing to remove")
    return f"{reason}. Use weight granularity."
