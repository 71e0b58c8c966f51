"""Decide which points of a sweep need more samples. Torch-free."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from prunescope.errors import BadValue, UnknownName
from prunescope.statistics.confidence_sequence import drop_half_widths
from prunescope.store.measurements import Measurement
from prunescope.study.point import Point
from prunescope.text.allowance import Allowance
from prunescope.text.scores import ScoreWords

Mode = Literal["exact", "adaptive", "decide", "find", "certify", "look"]
MODES: Final[tuple[Mode, ...]] = ("exact", "adaptive", "decide", "find", "certify", "look")
SEARCHES: Final = ("find", "certify", "look")
"""Modes that name each curve's largest sparsity within the limit, and measure no curve."""
TOLERANCE: Final = 0.005
SHARE: Final = 0.1
LIMIT: Final = 0.02


@dataclass(frozen=True)
class Policy:
    """When a point is settled, that is, needs no more samples.

    Attributes:
        mode: ``exact`` evaluates every sample, the unsettled points first; ``adaptive`` stops a
            point whose half-width is at most ``tolerance`` or ``SHARE`` of its drop, or which is
            decided against ``limit`` if there is one; ``decide`` stops as soon as it is decided;
            ``find`` and ``certify`` are searches (``prunescope.finding``), ``look`` predicts
            (``prunescope.first_look``).
        tolerance: Largest accepted half-width of the drop, absolute (0.005 is half a point).
        limit: The drop that points are decided against; None where ``mode`` needs
            none, and always for ``exact``.
        monotone: Whether a sparsity certainly past ``limit`` settles the larger ones of its curve.
        familywise: Whether all points together keep the error rate, instead of each.
    """

    mode: Mode = "exact"
    tolerance: float = TOLERANCE
    limit: float | None = None
    monotone: bool = True
    familywise: bool = False

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise UnknownName.among("mode", self.mode, MODES)
        for name, value in (("tolerance", self.tolerance), ("limit", self.limit)):
            if value is not None and not 0 <= value < math.inf:
                raise BadValue(
                    f"Expected {name} to be a number from 0 on, but got {value:g}. Write 0.01 "
                    "for one point."
                )
        if self.mode == "exact" and self.limit is not None:
            raise BadValue(
                f"Expected limit only where points are decided against it, but got {self.limit:g} "
                "with mode exact, which measures every sample. Take mode decide or adaptive, or "
                "leave the limit out."
            )
        if self.mode in ("decide", *SEARCHES) and self.limit is None:
            object.__setattr__(self, "limit", LIMIT)

    def unsettled(
        self,
        points: Sequence[Point],
        measured: Mapping[Point, Measurement],
        population: int,
        scale: float = 1.0,
    ) -> list[Point]:
        """Return the points of ``points`` that need more samples, in the order to evaluate them.

        A point that is not in ``measured`` has no sample yet. Those with the fewest samples come
        first, and among them the ones with the widest band that still touches the limit.
        ``scale`` is how far one sample's score may change (``Baseline.scale``).
        """
        if not points:
            return []
        samples = np.array([measured[p].samples if p in measured else 0 for p in points])
        sums = np.array([measured[p].drop_sum if p in measured else 0.0 for p in points])
        squares = np.array([measured[p].drop_squares if p in measured else 0.0 for p in points])
        family = len(points) if self.familywise else 1
        half = drop_half_widths(samples, population, sums, squares, family=family, scale=scale)
        drop = sums / np.maximum(samples, 1)
        settled = samples >= population
        if self.mode != "decide":
            accepted = np.maximum(self.tolerance, SHARE * np.abs(drop))
            settled |= (samples > 0) & (half <= accepted)
        touching = np.ones(len(points), bool)
        if self.limit is not None:
            above, below = drop - half > self.limit, drop + half <= self.limit
            touching = ~(above | below)
            settled |= ~touching
            if self.monotone:
                settled |= self._past(points, above)
        order = sorted(
            map(int, np.flatnonzero(~settled)),
            key=lambda i: (samples[i], not touching[i], -half[i] if samples[i] else 0, i),
        )
        return [points[i] for i in order]

    def near(
        self,
        points: Sequence[Point],
        measured: Mapping[Point, Measurement],
        population: int,
        scale: float,
        room: float,
    ) -> list[Point]:
        """Return the measured points whose decision against ``limit`` could turn within ``room``.

        Those whose interval, widened by ``room`` on both sides, touches the limit.

        Args:
            points: Some.
            measured: Their rows.
            population: Samples of the validation split.
            scale: How far one sample's score may change.
            room: How far a drop may be off for its precision.
        """
        rows = [(point, measured[point]) for point in points if point in measured]
        if self.limit is None or not rows:
            return []
        samples = np.array([row.samples for _, row in rows])
        sums = np.array([row.drop_sum for _, row in rows])
        squares = np.array([row.drop_squares for _, row in rows])
        family = len(points) if self.familywise else 1
        half = drop_half_widths(samples, population, sums, squares, family=family, scale=scale)
        touching = np.abs(sums / np.maximum(samples, 1) - self.limit) <= half + room
        return [point for (point, _), near in zip(rows, touching, strict=True) if near]

    def _past(self, points: Sequence[Point], above: np.ndarray) -> np.ndarray:
        """Whether a smaller sparsity of the same curve is certainly past the limit."""
        first: dict[tuple[object, ...], float] = {}
        for point, past in zip(points, above, strict=True):
            if past:
                key = _curve(point)
                first[key] = min(point.sparsity, first.get(key, 1.0))
        return np.array([point.sparsity > first.get(_curve(point), 1.0) for point in points])


@dataclass(frozen=True)
class Stopping:
    """A policy as somebody asks for it, before the study's metric is known.

    Attributes:
        mode: As in ``Policy``.
        tolerance: In the metric's unit or per cent of the dense score: ``0.005``, ``0.02 nats``,
            ``1%``; None for half a point, or half a per cent of the dense score of metrics that
            are no shares.
        limit: Likewise; None for two points, or two per cent, where points are decided.
        monotone: As in ``Policy``.
        familywise: As in ``Policy``.
    """

    mode: Mode = "exact"
    tolerance: str | float | None = None
    limit: str | float | None = None
    monotone: bool = True
    familywise: bool = False

    def __post_init__(self) -> None:
        limit = None if self.limit is None else Allowance.parse(self.limit, "limit").number
        if self.tolerance is not None:
            Allowance.parse(self.tolerance, "tolerance")
        if self.mode in SEARCHES and (
            self.tolerance is not None or self.familywise or not self.monotone
        ):
            raise BadValue(
                f"Expected a limit alone for mode {self.mode}, but got a tolerance, intervals that "
                "hold together or curves that may fall and rise. Leave these out, or take mode "
                "adaptive or decide."
            )
        Policy(self.mode, limit=limit)

    def policy(self, words: ScoreWords) -> Policy:
        """Return the policy for a study whose scores are in ``words``.

        Raises:
            BadValue: A unit that the metric does not have.
        """
        tolerance = words.usual(TOLERANCE)
        if self.tolerance is not None:
            asked = Allowance.parse(self.tolerance, "tolerance")
            tolerance = words.accepted(asked, "tolerance")
        limit = words.usual(LIMIT) if self.mode in ("decide", *SEARCHES) else None
        if self.limit is not None:
            limit = words.accepted(Allowance.parse(self.limit, "limit"), "limit")
        return Policy(self.mode, tolerance, limit, self.monotone, self.familywise)


def _curve(point: Point) -> tuple[object, ...]:
    return point.subject, point.method, point.recovery, point.seed
