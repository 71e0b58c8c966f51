"""Which points of a sweep are not settled, and which of these come next."""

from collections.abc import Collection, Sequence

from prunescope.study.point import Point
from prunescope.sweep.shared_rows import SharedRows
from prunescope.sweep.stopping_policy import Policy
from prunescope.sweep.turns import Turns


class NextPoints:
    """Picks from the points of a grid by what is measured of them, here and elsewhere."""

    def __init__(
        self,
        grid_points: Sequence[Point],
        shared: SharedRows,
        policy: Policy,
        turns: Turns,
        tiers: Sequence[Sequence[Point]],
        population: int,
        scale: float,
    ) -> None:
        """Pick none yet.

        Args:
            grid_points: All that are asked for.
            shared: What is measured of them.
            policy: Says which are settled.
            turns: Which of them are this sweep's for now.
            tiers: Under a deadline the points in the order in which it buys them; else none.
            population: Samples of a point that is measured whole.
            scale: Of the study's scores.
        """
        self._grid_points, self._shared, self._policy = grid_points, shared, policy
        self._turns, self._tiers = turns, tiers
        self._population, self._scale = population, scale
        self._finishing = bool(tiers) and policy.mode == "exact"

    def pick(self, refused: Collection[Point]) -> tuple[list[Point], list[Point]]:
        """Return the points to evaluate next, and all that are to be evaluated.

        In exact mode settled ones come last; under a deadline the next ones are a tier's.

        Args:
            refused: Points that cannot be had.
        """
        rows, policy = self._shared.measurements, self._policy
        possible = [point for point in self._grid_points if point not in refused]
        now = todo = policy.unsettled(possible, rows, self._population, self._scale)
        if policy.mode == "exact":
            todo = [p for p in possible if self._shared.samples(p) < self._population]
            now = now or sorted(todo, key=self._shared.samples)
        turn = self._turns.take(todo)
        if len(turn) < len(todo):
            now = [p for p in now if p in set(turn)] or sorted(turn, key=self._shared.samples)
        for tier in self._tiers:
            if left := set(tier).intersection(turn):
                own = [point for point in tier if point in left]
                return sorted(own, key=self._shared.samples, reverse=self._finishing), todo
        return now, todo
