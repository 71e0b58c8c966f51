"""Which points of which curve to measure next, until every answer stands. Torch-free."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from prunescope.finding.guess import last_within, predicted
from prunescope.finding.law import Evidence, Law
from prunescope.finding.purse import Purse
from prunescope.finding.stratified import Seen

Place = tuple[int, int]
"""A curve's number, and the place of a sparsity on it."""
Measure = Callable[[Sequence[Place], int], None]
"""Take these points to that many samples."""

OPENING: Final = (0.35, 0.75)
"""Shares of a curve's grid at which it is measured first."""
ROUNDS: Final = 6
"""Guesses at one look at most."""
_OPEN: Final = 1.0
"""Standard errors from the limit up to which a drop's side of it is open."""
_COMFORT: Final = 0.72
"""Share of the limit below which an estimate's own sparsity is the one to certify first."""


@dataclass
class Search:
    """The search on all curves of one study.

    Attributes:
        sparsities: Of each curve, rising.
        limit: The accepted drop.
        scale: How far one sample's score may change.
        share: Whether scores go from 0 to 1.
        seen: What is measured; ``measure`` adds to it.
        broken: Points that cannot be measured.
        purse: What it may cost to look further where answers are open; without one, nothing is.
    """

    sparsities: Sequence[Sequence[float]]
    limit: float
    scale: float = 1.0
    share: bool = True
    seen: dict[Place, Seen] = field(default_factory=dict)
    broken: set[Place] = field(default_factory=set)
    purse: Purse | None = None

    def estimate(self, ends: Sequence[int], measure: Measure) -> None:
        """Measure what is needed to name each curve's largest sparsity within the limit.

        Args:
            ends: Looks: how many samples a point has at each, rising.
            measure: Adds samples to ``seen``, or a point to ``broken``.
        """
        measure = self._paid(measure)
        measure(self._openings(), ends[0])
        for end in ends:
            for _ in range(ROUNDS):
                wanted = [
                    (curve, place)
                    for curve, last in enumerate(self.answers())
                    for place in (last, last + 1)
                    if self._lacks(curve, place, end)
                ]
                if not wanted:
                    break
                measure(wanted, end)

    def settle(self, ends: Sequence[int], measure: Measure) -> None:
        """Look further at the points that an answer hangs on while their side of the limit is open.

        The nearest to the limit first, as far as the purse goes.

        Args:
            ends: Looks after those of ``estimate``.
            measure: As for ``estimate``.
        """
        measure = self._paid(measure)
        for end in ends:
            for _ in range(ROUNDS):
                wanted = self._affordable(self._open(end), end)
                if not wanted:
                    break
                measure(wanted, end)

    def certify(self, ends: Sequence[int], measure: Measure) -> dict[int, int]:
        """Return for each curve a place certainly within the limit, -1 for none.

        What is certain, over all looks together, is that the mean drop over all samples is
        within the limit there.

        Args:
            ends: Looks; the last one is all samples.
            measure: As for ``estimate``.
        """
        measure = self._paid(measure)
        drops, answers = self._drops(), self.answers()
        stands = dict.fromkeys(range(len(answers)), -1)
        trying = {
            curve: last - (drops[curve][last] > _COMFORT * self.limit and last > 0)
            for curve, last in enumerate(answers)
            if last >= 0
        }
        refuted: set[Place] = set()
        for end in ends:
            moved = True
            while moved:
                wanted = [place for place in trying.items() if self._lacks(*place, end)]
                if wanted:
                    measure(wanted, end)
                drops, moved = self._drops(), False
                for curve, place in list(trying.items()):
                    verdict = self._verdict(curve, place)
                    if verdict is None:
                        continue
                    moved = True
                    if verdict:
                        stands[curve] = place
                        further = place + 1
                        likely = further < len(drops[curve]) and drops[curve][further] <= self.limit
                    else:
                        refuted.add((curve, place))
                        further = place - 1
                        likely = further > stands[curve]
                    if likely and (curve, further) not in refuted:
                        trying[curve] = further
                    else:
                        del trying[curve]
        return stands

    def _open(self, end: int) -> list[Place]:
        """The points next to the limit whose side of it is open, the most open first."""
        drops, found = self._drops(), []
        for curve, last in enumerate(self.answers()):
            for place in (last, last + 1):
                if not self._lacks(curve, place, end):
                    continue
                seen = self.seen.get((curve, place))
                far = abs(drops[curve][place] - self.limit)
                errors = 0.0 if seen is None else far / seen.deviation(self.scale)
                if errors < _OPEN:
                    found.append((errors, (curve, place)))
        return [place for _, place in sorted(found)]

    def _affordable(self, places: Sequence[Place], end: int) -> list[Place]:
        """As many of the first of ``places`` as the purse still pays."""
        if self.purse is None:
            return []
        left, chosen = self.purse.most - self.purse.spent, list[Place]()
        for place in places:
            if self.purse.price(self._have([*chosen, place]), end) <= left:
                chosen.append(place)
        return chosen

    def _paid(self, measure: Measure) -> Measure:
        def paid(places: Sequence[Place], end: int) -> None:
            if self.purse is not None:
                self.purse.spent += self.purse.price(self._have(places), end)
            measure(places, end)

        return paid

    def _have(self, places: Sequence[Place]) -> list[tuple[int, int]]:
        """Of each point its curve, and how many samples it has."""
        return [(p[0], self.seen[p].samples if p in self.seen else 0) for p in places]

    def _verdict(self, curve: int, place: int) -> bool | None:
        """Whether this is certainly within the limit; None while that is open."""
        if (curve, place) in self.broken:
            return False
        seen = self.seen[curve, place]
        half = seen.half_width(self.scale)
        if seen.drop + half <= self.limit + 1e-12:
            return True
        return False if seen.drop - half > self.limit else None

    def answers(self) -> list[int]:
        """The place of each curve's largest sparsity within the limit, -1 for none."""
        return [last_within(drops, self.limit) for drops in self._drops()]

    def _drops(self) -> list[np.ndarray]:
        law = self._law()
        return [
            predicted(curve, grid, self._of(curve), law, self.scale)
            if self._of(curve)
            else np.full(len(grid), np.inf)
            for curve, grid in enumerate(self.sparsities)
        ]

    def _openings(self) -> list[Place]:
        return [
            (curve, place)
            for curve, grid in enumerate(self.sparsities)
            for place in sorted({int(share * (len(grid) - 1)) for share in OPENING})
        ]

    def _lacks(self, curve: int, place: int, end: int) -> bool:
        if not 0 <= place < len(self.sparsities[curve]) or (curve, place) in self.broken:
            return False
        seen = self.seen.get((curve, place))
        return seen is None or seen.samples < end

    def _of(self, curve: int) -> Mapping[int, Seen]:
        return {place: seen for (c, place), seen in self.seen.items() if c == curve}

    def _law(self) -> Law:
        evidence = [
            Evidence(curve, seen.divergence, seen.drop, seen.deviation(self.scale))
            for (curve, _), seen in self.seen.items()
        ]
        return Law(len(self.sparsities), evidence, self.share)
