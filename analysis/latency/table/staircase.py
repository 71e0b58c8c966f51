"""One group's staircase: time over kept units, the rest dense, cleaned of noise. Torch-free."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from scipy.optimize import isotonic_regression

from prunescope.latency.table.predict_time import LatencyTable, predict_many
from prunescope.latency.table.rows import units_of
from prunescope.study import Manifest

_TRUST: Final = 10.0
"""How much more a timed count weighs than a predicted one when the staircase is cleaned."""
_ERRORS: Final = 3.92
"""Standard errors that a 95 % interval is wide."""


@dataclass(frozen=True)
class StaircaseStep:
    """The time with ``kept`` units of one group left, relative to the dense model.

    Attributes:
        kept: Units left.
        ratio: Time divided by the dense time, cleaned: never falls when more units stay.
        timed: The ratio as it was timed, or None where it is predicted.
        low: Lower end of the timed ratio's 95 % interval, or None.
        high: Upper end, or None.
        rounds: Of the timing, 0 for none.
    """

    kept: int
    ratio: float
    timed: float | None = None
    low: float | None = None
    high: float | None = None
    rounds: int = 0

    @property
    def error(self) -> float:
        """Standard error of the timed ratio."""
        if self.low is None or self.high is None:
            return 0.0
        return (self.high - self.low) / _ERRORS


@dataclass(frozen=True)
class Flat:
    """A step down that buys nothing: both counts were timed.

    Attributes:
        kept: Fewer units.
        instead: More units, which cost no more.
        slower: Whether the fewer are clearly slower than the more.
    """

    kept: int
    instead: int
    slower: bool


def staircase(manifest: Manifest, table: LatencyTable, group: str) -> tuple[StaircaseStep, ...]:
    """Return the steps of ``group`` from one unit to all of them.

    Between timed counts the fitted model says how the time moves, shifted to meet the timings;
    isotonic regression, in which timings weigh most, takes out what noise contradicts.

    Raises:
        ForeignStudy: The table is of another graph.
        UnknownName: No such group.
    """
    units = manifest.group(group).units
    place = [each.name for each in manifest.groups].index(group)
    removed = np.zeros((units, len(manifest.groups)))
    removed[:, place] = units - np.arange(1, units + 1)
    guess = predict_many(manifest, table, removed)
    timed = _timed(table, group, units)
    counts = np.array(sorted(timed))
    shift = np.interp(np.arange(1, units + 1), counts,
                      [timed[c].ratio / guess[c - 1] for c in counts.tolist()])  # fmt: skip
    raw = guess * shift
    weights = np.array([_TRUST if k in timed else 1.0 for k in range(1, units + 1)])
    cleaned = np.minimum(isotonic_regression(raw, weights=weights).x, 1.0)
    cleaned[-1] = 1.0
    return tuple(
        StaircaseStep(k, float(cleaned[k - 1]), *_rest(timed.get(k), k == units))
        for k in range(1, units + 1)
    )


def flat_steps(steps: tuple[StaircaseStep, ...]) -> tuple[Flat, ...]:
    """Return where fewer units cost as much as more: less than half of their share is saved.

    Compares neighbouring timed counts. The share is what the units would save if the whole
    staircase were a straight line; a difference within two standard errors and below half of it
    is none.
    """
    timed = [step for step in steps if step.timed is not None]
    whole = 1 - steps[0].ratio
    found = []
    for below, above in pairwise(timed):
        assert below.timed is not None
        assert above.timed is not None
        saved = above.timed - below.timed
        noise = 2 * float(np.hypot(below.error, above.error))
        share = whole * (above.kept - below.kept) / len(steps)
        if saved < min(share / 2, noise):
            found.append(Flat(below.kept, above.kept, saved < -noise))
    return tuple(found)


def described(flats: tuple[Flat, ...], granularity: str) -> tuple[str, ...]:
    """Return a sentence for each flat step.

    >>> described((Flat(13, 16, False),), "channel")
    ('13 channels cost as much as 16.',)
    """
    return tuple(
        f"{each.kept} {granularity}s cost more than {each.instead}: keep {each.instead}."
        if each.slower
        else f"{each.kept} {granularity}s cost as much as {each.instead}."
        for each in flats
    )


def _timed(table: LatencyTable, group: str, units: int) -> dict[int, StaircaseStep]:
    found = {units: StaircaseStep(units, 1.0)}
    for text, ratio, low, high, rounds in zip(
        *(table.rows[name] for name in ("units", "ratio", "low", "high", "samples")), strict=True
    ):
        gone = units_of(str(text))
        if set(gone) == {group}:
            kept = units - gone[group]
            found[kept] = StaircaseStep(kept, float(ratio), float(ratio), float(low), float(high),
                               int(rounds))  # fmt: skip
    return found


def _rest(
    step: StaircaseStep | None, dense: bool
) -> tuple[float | None, float | None, float | None, int]:
    if dense:
        return 1.0, 1.0, 1.0, 0
    return (None, None, None, 0) if step is None else (step.timed, step.low, step.high, step.rounds)
