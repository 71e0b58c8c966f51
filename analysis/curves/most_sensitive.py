"""Which layer or group hurts most when half of it goes, in a sentence. Torch-free."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from prunescope.curves.curve import Curve, CurveKey, CurvePoint
from prunescope.curves.safe import curve_name
from prunescope.study import Manifest, is_control
from prunescope.study.method import UNITS
from prunescope.text.lists import listed
from prunescope.text.numbers import counted
from prunescope.text.scores import ScoreWords
from prunescope.text.units import percent

_HALF: Final = 0.5
_NEAR: Final = 0.1
_SLACK: Final = 1e-9
_ROUNDED: Final = 0.01
_NAMED: Final = 2
"""Layers that are called most sensitive together; more are counted."""


@dataclass(frozen=True)
class HalfGone:
    """What about half of one layer or group costs, by its best curve.

    Attributes:
        key: Of the curve.
        point: The measurement nearest to one half.
    """

    key: CurveKey
    point: CurvePoint

    @property
    def name(self) -> str:
        """Of the layer or group."""
        return self.key.subject


def halves(curves: Iterable[Curve], units: bool) -> tuple[HalfGone, ...]:
    """Return what half of each subject costs, the dearest first.

    A subject is judged by the curve that loses least there; controls do not count, nor do curves
    without a point between 40 and 60 %.

    Args:
        curves: Of a study, seeds together.
        units: Whether channels and heads are looked at, else weights.
    """
    best: dict[str, HalfGone] = {}
    for curve in curves:
        method = curve.key.method
        if (method.granularity in UNITS) != units or is_control(method.criterion):
            continue
        near = [p for p in curve.points if abs(p.sparsity - _HALF) <= _NEAR + _SLACK]
        if not near:
            continue
        own = HalfGone(curve.key, min(near, key=lambda p: abs(p.sparsity - _HALF)))
        known = best.get(own.name)
        if known is None or own.point.drop < known.point.drop:
            best[own.name] = own
    return tuple(sorted(best.values(), key=lambda each: (-each.point.drop, each.name)))


def most_sensitive(curves: Iterable[Curve], manifest: Manifest, words: ScoreWords) -> str | None:
    """Return in a sentence which layers hurt most, or that none does; None without such points.

    Channels and heads where any are measured, else weights. Layers whose intervals overlap that of
    the dearest are not told apart from it.
    """
    known = list(curves)
    units = True
    ranked = halves(known, units)
    if not ranked:
        units = False
        ranked = halves(known, units)
    if not ranked:
        return None
    kind = "group" if units else "layer"
    of = len(manifest.removable()) if units else len(manifest.prunable())
    first = ranked[0]
    cost = (
        f"{words.drop(first.point.drop)} ({words.span(first.point.interval)}, 95 %), by "
        f"{curve_name(first.key)}"
    )
    half = f"{_part(first, units)} cost {cost}"
    if len(ranked) == 1 and of > 1:
        return f"Of {of} {kind}s only {first.name} is measured near one half so far: {half}."
    among = "" if len(ranked) == of else f" of the {len(ranked)} of {of} measured so far"
    if first.point.interval.low <= 0:
        return (
            f"No {kind}{among} is sensitive at one half: what costs most is {first.name}, where "
            f"{half}, which this many samples cannot tell from nothing."
        )
    close = [each for each in ranked[1:] if each.point.interval.high >= first.point.interval.low]
    if not close:
        return f"{first.name} is the most sensitive {kind}{among}: {half}."
    others = [each.name for each in close[: _NAMED - 1]]
    if len(close) >= _NAMED:
        others.append(counted(len(close) - len(others), "other"))
    return (
        f"{listed([first.name, *others])} are the most sensitive {kind}s{among}, not told apart by "
        f"their intervals: of {first.name}, {half}."
    )


def _part(half: HalfGone, units: bool) -> str:
    """What goes at the point, as the subject of a sentence."""
    share, what = half.point.share, f"{half.key.method.granularity}s" if units else "weights"
    if abs(share - _HALF) < _ROUNDED:
        return f"half of the {what}"
    return f"{percent(share, 0)} of the {what}"
