"""Which points a sweep takes next while others that it cannot ask measure the same. Torch-free."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from prunescope.store.other_sweeps import OtherSweeps
from prunescope.study import Grid, Manifest
from prunescope.study.point import Point
from prunescope.study.shard import WHOLE, Shard
from prunescope.sweep.shards import own_points

_PART: Final = 4
"""Of what others have left, a sweep that is done with its own takes this part at a time."""


class Turns:
    """Each sweep begins with a shard of its own, and helps the others when that is done.

    Others go through their shards from the front; who helps comes from the back, a little at a
    time, so that the two meet once. No point is left out where somebody ends before time.
    """

    def __init__(
        self, grid: Grid, grid_points: Sequence[Point], manifest: Manifest, others: OtherSweeps
    ) -> None:
        """Divide ``grid_points`` among ``others`` and this sweep, as soon as there are any."""
        self._grid, self._points, self._manifest = grid, tuple(grid_points), manifest
        self._others = others
        self._known: tuple[Shard, frozenset[Point]] = (WHOLE, frozenset(self._points))

    @property
    def shard(self) -> Shard:
        """This sweep's own part; changes when another one comes or goes."""
        return WHOLE if self._grid.shard != WHOLE else self._others.shard

    def take(self, points: Sequence[Point]) -> Sequence[Point]:
        """Return which of ``points`` to go on with now: all of them where nobody else is."""
        shard = self.shard
        if shard == WHOLE:
            return points
        own = self._own(shard)
        left = [point for point in points if point in own]
        if left or not points:
            return left
        subjects = list(dict.fromkeys(point.subject for point in points))
        last = set(subjects[-max(len(subjects) // _PART, 1) :])
        behind = [point for point in points if point.subject in last]
        return behind[-max(len(points) // _PART, 1) :]

    def _own(self, shard: Shard) -> frozenset[Point]:
        if self._known[0] != shard:
            grid = replace(self._grid, shard=shard)
            own = frozenset(own_points(self._points, grid, self._manifest))
            self._known = (shard, own)
        return self._known[1]
