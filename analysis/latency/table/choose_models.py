"""Which smaller models to time next: draws over all groups, and steps of each staircase."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from prunescope.latency.runtimes.runtime import VECTORS, VectorWidths
from prunescope.latency.table.rows import units_text

Units = dict[str, int]
_SHARES: Final = (0.5, 0.25, 0.75)


@dataclass(frozen=True)
class TimingProposal:
    """A smaller model worth timing.

    Attributes:
        units: Units removed by group.
        kind: ``random`` or ``group``.
    """

    units: Units
    kind: str


def random_units(
    groups: Mapping[str, int],
    made: np.random.Generator,
    aligned: bool,
    widths: VectorWidths = VECTORS,
) -> Units:
    """Return a draw of units to remove: any count of each group, or counts that leave multiples.

    Each draw has a depth of its own, the mean share that is removed, so that plans that remove
    little and plans that remove nearly all are both among the draws: with one depth for all, many
    groups' shares would average out and every draw weigh about the same. Up to a quarter of the
    groups stays whole, fewer in deep draws, so that single groups can be told apart.

    Args:
        groups: Units by group.
        made: The source of chance.
        aligned: Whether what stays is a multiple of 16, 8 or 4 where a group is large enough.
        widths: Of a runtime: other multiples than these.
    """
    found = {}
    depth = made.random()
    for name, units in groups.items():
        share = made.uniform(max(0.0, 2 * depth - 1), min(1.0, 2 * depth))
        kept = units - min(int(share * units), units - 1)
        if aligned:
            kept = multiple(units, kept, widths)
        if made.random() >= 0.25 * (1 - depth) and kept < units:
            found[name] = units - kept
    return found


def multiple(units: int, kept: int, widths: VectorWidths = VECTORS) -> int:
    """Return the multiple of 16, 8 or 4 nearest to ``kept`` of ``units``, at least one of them.

    >>> multiple(64, 30), multiple(50, 30), multiple(10, 3), multiple(4, 3)
    (32, 32, 4, 3)
    """
    step = next((step for step in widths.aligned if units >= 2 * step), 1)
    return min(max(round(kept / step), 1) * step, units)


def is_aligned(
    groups: Mapping[str, int], units: Mapping[str, int], widths: VectorWidths = VECTORS
) -> bool:
    """Return whether what stays is a multiple of 4 in every group that is large enough.

    Such models are easier to predict than what people ask for.

    >>> is_aligned({"a": 32, "b": 6}, {"a": 8, "b": 1}), is_aligned({"a": 32}, {"a": 9})
    (True, False)
    """
    step = min(widths.aligned)
    return all(
        (groups[name] - count) % step == 0
        for name, count in units.items()
        if count and groups.get(name, 0) >= 2 * step
    )


def staircase_counts(units: int, widths: VectorWidths = VECTORS) -> tuple[int, ...]:
    """Return kept counts that show a staircase, the most telling first.

    Half, quarter and three quarters, rounded to a multiple, each with the first count past the
    multiple below: where that one costs as much, the step between them is flat. One unit and all
    but one come last.

    >>> staircase_counts(64)
    (32, 25, 16, 9, 48, 41, 57, 1, 63)
    """
    width = next((width for width in widths.steps if units >= 2 * width), 1)
    found: list[int] = []
    for share in _SHARES:
        kept = multiple(units, round(units * share), widths)
        found += [kept, kept - width + 1]
    found += [units - width + 1, 1, units - 1]
    return tuple(dict.fromkeys(count for count in found if 0 < count < units))


def proposals(
    groups: Mapping[str, int],
    weight: Mapping[str, float],
    seed: int = 0,
    widths: VectorWidths = VECTORS,
) -> Iterator[TimingProposal]:
    """Yield smaller models without end until every staircase is known; draws go on for ever.

    A first eight draws over all groups, then one step of a staircase for each draw: first one
    step of every group, the ones with the most to save before the others, then the next. A few
    draws leave multiples; the others are like anybody's plan, and the error is stated by them.

    Args:
        groups: Units by group.
        weight: What a group has to save, by which they are ordered.
        seed: Of the draws.
        widths: Of the runtime that is timed.
    """
    made = np.random.default_rng(seed)
    steps = list(_steps(groups, weight, widths))
    number = 0
    while groups:
        if number < 8 or number % 2 == 1 or not steps:
            yield TimingProposal(random_units(groups, made, number % 5 == 0, widths), "random")
        else:
            name, kept = steps.pop(0)
            yield TimingProposal({name: groups[name] - kept}, "group")
        number += 1


def _steps(
    groups: Mapping[str, int], weight: Mapping[str, float], widths: VectorWidths
) -> Iterator[tuple[str, int]]:
    ordered = sorted(groups, key=lambda name: -weight.get(name, 0.0))
    ladders: list[tuple[str, Sequence[int]]] = [
        (n, staircase_counts(groups[n], widths)) for n in ordered
    ]
    for place in range(max((len(counts) for _, counts in ladders), default=0)):
        for name, counts in ladders:
            if place < len(counts):
                yield name, counts[place]


def steepest(
    staircases: Mapping[str, Sequence[tuple[int, float]]],
    known: set[str],
    groups: Mapping[str, int],
    widths: VectorWidths = VECTORS,
) -> TimingProposal | None:
    """Return the step in the middle of the largest fall that any staircase has, or None.

    Args:
        staircases: By group, ``(kept, ratio)`` in any order, dense included.
        known: ``units_text`` of what is timed.
        groups: Units by group.
        widths: Of the runtime that is timed.
    """
    falls = []
    for name, points in staircases.items():
        ordered = sorted(points)
        for (below, fast), (above, slow) in pairwise(ordered):
            middle = multiple(groups[name], (below + above) // 2, widths)
            for kept in (middle, (below + above) // 2):
                units = {name: groups[name] - kept}
                if below < kept < above and units_text(units) not in known:
                    falls.append((abs(slow - fast), units))
                    break
    return TimingProposal(max(falls, key=lambda pair: pair[0])[1], "group") if falls else None
