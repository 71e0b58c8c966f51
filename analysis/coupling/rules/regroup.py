"""view, reshape, flatten, unflatten: dimensions are split into factors and merged.

Of a dimension that is split, one factor carries the units and the other factors keep all indices (a
head is a unit, its features are not). A first pass finds out which factor can carry them.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from math import prod

import numpy as np
from torch import fx

from prunescope.coupling.labels import Dim
from prunescope.coupling.rule_table import rule
from prunescope.coupling.walk import BATCH, CouplingWalk, Value

_UNEVEN = "it is regrouped across the borders of its units"
_FACTOR = "it is split, and another factor carries the units"


@rule("view", "reshape", "_unsafe_view", "flatten", "unflatten", "view_as", "reshape_as", "ravel")
def view(walk: CouplingWalk, node: fx.Node) -> Value:
    """Carry labels from the old dimensions to the new."""
    return regroup(walk, node, walk.dims(node.args[0]), walk.shape(node))


def regroup(
    walk: CouplingWalk, node: fx.Node, dims: Sequence[Dim], sizes: Sequence[int]
) -> tuple[Dim, ...]:
    """Return the dimensions of a tensor of ``dims`` that is viewed as ``sizes``."""
    old = [dim for dim in dims if dim.size != 1]
    new = [axis for axis, size in enumerate(sizes) if size != 1]
    result = [Dim(size) for size in sizes]
    start_old = start_new = run = 0
    while start_old < len(old) and start_new < len(new):
        stop_old, stop_new = start_old + 1, start_new + 1
        left, right = old[start_old].size, sizes[new[start_new]]
        while left != right:
            if left < right:
                left, stop_old = left * old[stop_old].size, stop_old + 1
            else:
                right, stop_new = right * sizes[new[stop_new]], stop_new + 1
        inside = old[start_old:stop_old]
        targets = new[start_new:stop_new]
        regrouped = _block(walk, (node.name, "", run), inside, [sizes[axis] for axis in targets])
        for axis, dim in zip(targets, regrouped, strict=True):
            result[axis] = dim
        start_old, start_new, run = stop_old, stop_new, run + 16
    return tuple(result)


def _block(
    walk: CouplingWalk, key: tuple[str, str, int], dims: list[Dim], sizes: list[int]
) -> list[Dim]:
    """Regroup dimensions whose product is the product of ``sizes``."""
    if len(dims) == len(sizes) == 1:
        return dims
    if all(dim.labels is None for dim in dims):
        return [Dim(size, why=dims[0].why) for size in sizes]
    cuts = {prod(dim.size for dim in dims[axis:]) for axis in range(len(dims))}
    cuts |= {prod(sizes[axis:]) for axis in range(len(sizes))}
    ordered = sorted(cuts | {1})
    if any(above % below for below, above in pairwise(ordered)):
        for dim in dims:
            walk.ledger.block(dim, _UNEVEN)
        return [Dim(size, why=_UNEVEN) for size in sizes]
    factors = [above // below for below, above in pairwise(ordered)][::-1]
    atoms: list[Dim] = []
    for number, dim in enumerate(dims):
        own_factors = _take(factors, len(atoms), dim.size)
        atoms += _split(walk, (key[0], "split", key[2] + number), dim, own_factors)
    merged, used = [], 0
    for number, size in enumerate(sizes):
        count = len(_take(factors, used, size))
        merged.append(_merge(walk, (key[0], "merge", key[2] + number), atoms[used : used + count]))
        used += count
    return merged


def _take(factors: list[int], start: int, size: int) -> list[int]:
    """The factors from ``start`` whose product is ``size``."""
    factors_taken: list[int] = []
    while prod(factors_taken) < size:
        factors_taken.append(factors[start + len(factors_taken)])
    return factors_taken


def _split(walk: CouplingWalk, key: tuple[str, str, int], dim: Dim, sizes: list[int]) -> list[Dim]:
    """Split one dimension into factors, one of which carries its labels."""
    if len(sizes) == 1:
        return [dim]
    if dim.labels is None:
        return [Dim(size, why=dim.why) for size in sizes]
    inner = _inner(sizes, len(dim.labels))
    if inner is None:
        walk.ledger.block(dim, _UNEVEN)
        return [Dim(size, why=_UNEVEN) for size in sizes]
    grid = dim.labels.reshape(inner)
    axes = [axis for axis in range(grid.ndim) if (grid != np.take(grid, [0], axis)).any()]
    if len(axes) != 1:
        axes = [axis for axis in range(grid.ndim) if inner[axis] > 1]
    chosen = 0
    if len(axes) > 1:
        offered = [walk.ledger.fresh(inner[axis]) for axis in axes]
        picked = walk.choose(key, offered)
        if picked is None:
            return [
                Dim(size, offered[axes.index(axis)] if axis in axes else None, _FACTOR)
                for axis, size in enumerate(sizes)
            ]
        chosen = picked
    bearer = axes[chosen]
    others = [axis for axis in range(grid.ndim) if axis != bearer]
    labels = walk.ledger.unite_along(grid, others).ravel()
    return [
        Dim(size, labels, dim.why, dim.origin) if axis == bearer else Dim(size, why=_FACTOR)
        for axis, size in enumerate(sizes)
    ]


def _inner(sizes: list[int], period: int) -> list[int] | None:
    """The part of each factor inside the period of the labels, right to left."""
    inner: list[int] = []
    for size in reversed(sizes):
        part = min(size, period) if size % BATCH else period
        if part == 0 or period % part or size % part:
            return None
        inner.append(part)
        period //= part
    return inner[::-1] if period == 1 else None


def _merge(walk: CouplingWalk, key: tuple[str, str, int], atoms: list[Dim]) -> Dim:
    """Merge factors; at most one of them can carry labels on."""
    if len(atoms) == 1:
        return atoms[0]
    size = prod(atom.size for atom in atoms)
    bearers = [axis for axis, atom in enumerate(atoms) if atom.labels is not None]
    if not bearers:
        return Dim(size, why=atoms[0].why)
    chosen = 0
    if len(bearers) > 1:
        offered = [labels for atom in atoms if (labels := atom.labels) is not None]
        picked = walk.choose(key, offered)
        if picked is None:
            static = size if size % BATCH else prod(a.size for a in atoms if a.size % BATCH)
            merged = walk.ledger.fresh(static)
            if len(atoms) == 2 and static == size:
                walk.repeats[key] = merged
            return Dim(size, merged)
        chosen = picked
    for axis in bearers:
        if axis != bearers[chosen]:
            walk.ledger.block(atoms[axis], "it is flattened together with other units")
    bearer = atoms[bearers[chosen]]
    right = prod(atom.size for atom in atoms[bearers[chosen] + 1 :])
    assert bearer.labels is not None
    if right % BATCH == 0:
        walk.ledger.block(bearer, "the batch is flattened behind it")
        return Dim(size, why=_UNEVEN)
    labels = np.repeat(bearer.labels, right)
    if size % BATCH:
        labels = np.tile(labels, size // len(labels))
    return replace(bearer, size=size, labels=labels)
