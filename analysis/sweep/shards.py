"""Divide a grid among machines that cannot see each other. Torch-free.

Which machine has which point follows from the grid and the network alone, never from what one of
them has measured or refused: so nothing is left out, and nothing is measured twice.
"""

import heapq
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from prunescope.study import Grid, Manifest, is_control
from prunescope.study.method import BLOCK, UNITS
from prunescope.study.name_patterns import matches
from prunescope.study.point import Point
from prunescope.sweep.work_behind import suffix_macs

Curve = tuple[str, str, str, int]
"""Subject, method, recovery and seed."""
_Piece = tuple[Curve, int]
"""A curve and a place in it; place 0 stands for all of it where curves stay whole."""

_FEW: Final = 4
"""Curves for each machine below which curves are cut: whole ones could not be dealt out evenly."""


def own_points(points: Sequence[Point], grid: Grid, manifest: Manifest) -> tuple[Point, ...]:
    """Return those of ``points`` that belong to ``grid.shard``, in their order.

    Pieces go from the dearest to the cheapest, each to the machine that has the least work so far:
    multiply-accumulates behind the pruned layer. A piece is a curve, whose points share their
    scores; or a point, where there are few curves.

    Args:
        points: All of the grid.
        grid: With the shard, and names as they were asked for: patterns too.
        manifest: Of the network, as it was made or after any sweep.
    """
    if grid.shard.count == 1:
        return tuple(points)
    curves = dict(_curves(grid, manifest))
    cut = len(curves) < _FEW * grid.shard.count
    behind = suffix_macs(manifest)
    pieces: list[tuple[int, _Piece]] = []
    for curve, length in curves.items():
        cost = max(behind(curve[0]), 1)
        if cut:
            pieces += [(cost, (curve, place)) for place in range(length)]
        else:
            pieces.append((cost * length, (curve, 0)))
    own = _dealt(pieces, grid.shard.count)[grid.shard.place - 1]
    seen: Counter[Curve] = Counter()
    chosen = []
    for point in points:
        curve = (point.subject, str(point.method), point.recovery, point.seed)
        if (curve, seen[curve] if cut else 0) in own:
            chosen.append(point)
        seen[curve] += 1
    return tuple(chosen)


def _dealt(pieces: Sequence[tuple[int, _Piece]], machines: int) -> list[set[_Piece]]:
    """The pieces of each machine."""
    hands: list[set[_Piece]] = [set() for _ in range(machines)]
    loads = [(0, place) for place in range(machines)]
    for cost, piece in sorted(pieces, key=lambda each: (-each[0], each[1])):
        load, place = loads[0]
        hands[place].add(piece)
        heapq.heapreplace(loads, (load + cost, place))
    return hands


def _curves(grid: Grid, manifest: Manifest) -> Iterator[tuple[Curve, int]]:
    """Every curve that the grid could have, and how many points it could.

    Groups that a machine has refused since are among them: the others do not know.
    """
    layers = [layer.name for layer in manifest.prunable()]
    groups = [(group.name, group.granularity) for group in manifest.groups if group.units]
    for method in grid.methods:
        on_units = method.granularity in UNITS
        names = (
            [name for name, granularity in groups if granularity == method.granularity]
            if on_units else layers
        )  # fmt: skip
        several = method.granularity == "weight" or (on_units and method.granularity != BLOCK)
        length = len(grid.sparsities) if several else 1
        for name in dict.fromkeys(names):
            if grid.subjects and not any(matches(name, subject) for subject in grid.subjects):
                continue
            for recovery in grid.recoveries:
                for seed in grid.seeds if is_control(method.criterion) else (0,):
                    yield (name, str(method), recovery, seed), length
