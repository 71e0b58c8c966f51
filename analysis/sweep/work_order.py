"""In which order a sweep takes its points: pilots first, and under a budget the curves' middles.

Torch-free.
"""

from collections.abc import Callable, Sequence
from typing import Final

from prunescope.study import Manifest
from prunescope.study.point import Point
from prunescope.study.recoveries import RECOVERIES
from prunescope.sweep.kinds import kind_of
from prunescope.sweep.work_behind import own_weights, suffix_macs

PILOT_CHUNKS: Final = 3
"""Chunks on which pilots run alone, so that making a point can be told from running it."""
_LATER: Final = 2
"""Bisections of a curve that come before the middle of the same curve with a recovery."""


def pilots(points: Sequence[Point], manifest: Manifest) -> tuple[Point, ...]:
    """Return the points from whose time the others' is forecast, one of every kind first.

    Of each kind (``kind_of``) the subjects with the least and the most work behind them, the one
    with the most weights and the median one, at the middle sparsity and of the first method, and
    another sparsity of the first two, as a subject's first point makes what its others share; then
    one point of every other method, as a criterion's scores take time once.
    """
    behind, weights = suffix_macs(manifest), own_weights(manifest)
    rounds: list[list[Point]] = [[], [], [], [], [], []]
    methods = set()
    for kind in dict.fromkeys(map(kind_of, points)):
        of_kind = [point for point in points if kind_of(point) == kind]
        first = [point for point in of_kind if point.method == of_kind[0].method]
        subjects = sorted(dict.fromkeys(point.subject for point in first), key=behind)
        chosen = subjects[0], subjects[-1], max(subjects, key=weights), subjects[len(subjects) // 2]
        for number, subject in enumerate(chosen):
            rounds[number].append(_middle(first, subject))
        for subject in subjects[:1] + subjects[-1:]:
            own = [point for point in first if point.subject == subject]
            rounds[4] += [point for point in own if point != _middle(own, subject)][:1]
        methods.add(of_kind[0].method)
        for method in dict.fromkeys(point.method for point in of_kind):
            if method not in methods:
                methods.add(method)
                others = [point for point in of_kind if point.method == method]
                rounds[5].append(_middle(others, min((p.subject for p in others), key=behind)))
    return tuple(dict.fromkeys(point for of_round in rounds for point in of_round))


def by_information(points: Sequence[Point], manifest: Manifest) -> tuple[tuple[Point, ...], ...]:
    """Return ``points`` in tiers, the most informative first, within a tier the cheapest first.

    The first tier holds one point of every layer and group: the middle sparsity of the first method
    with the cheapest recovery. Curves are bisected from there, two points more in the second tier;
    then the middles of the same curves with a recovery come, beside the next bisection. Further
    methods and seeds come as late as their place in the list.
    """
    behind = suffix_macs(manifest)
    recoveries = sorted({point.recovery for point in points}, key=RECOVERIES.index)
    methods = _places(points, lambda p: p.method.granularity, lambda p: p.method)
    seeds = _places(points, lambda p: p.method, lambda p: p.seed)
    levels = _levels(points)
    tiers: dict[int, list[Point]] = {}
    for point in points:
        later = _LATER * recoveries.index(point.recovery)
        tiers.setdefault(levels[point] + later + methods[point] + seeds[point], []).append(point)
    place = {point: number for number, point in enumerate(points)}
    return tuple(
        tuple(sorted(tier, key=lambda p: (recoveries.index(p.recovery), methods[p], seeds[p],
                                          behind(p.subject), place[p])))
        for _, tier in sorted(tiers.items())
    )  # fmt: skip


def _middle(points: Sequence[Point], subject: str) -> Point:
    own = sorted((p for p in points if p.subject == subject), key=lambda p: p.sparsity)
    return own[len(own) // 2]


def _places(
    points: Sequence[Point], group: Callable[[Point], object], value: Callable[[Point], object]
) -> dict[Point, int]:
    """The place of each point's ``value`` among those of its ``group``, as they come."""
    seen: dict[object, dict[object, int]] = {}
    places = {}
    for point in points:
        known = seen.setdefault(group(point), {})
        places[point] = known.setdefault(value(point), len(known))
    return places


def _levels(points: Sequence[Point]) -> dict[Point, int]:
    """How often each point's curve is bisected before the point comes; 0 for its middle."""
    curves: dict[object, list[Point]] = {}
    for point in points:
        curve = (point.subject, point.method, point.recovery, point.seed)
        curves.setdefault(curve, []).append(point)
    levels: dict[Point, int] = {}
    for own in curves.values():
        own.sort(key=lambda p: p.sparsity)
        parts, level = [(0, len(own))], 0
        while parts:
            middles = [(low + high) // 2 for low, high in parts]
            levels |= {own[middle]: level for middle in middles}
            halves = zip(parts, middles, strict=True)
            parts = [
                part
                for (low, high), middle in halves
                for part in ((low, middle), (middle + 1, high))
                if part[0] < part[1]
            ]
            level += 1
    return levels
