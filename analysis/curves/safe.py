"""How far a layer can be pruned safely: by the upper end of the interval, not by the mean.

"Safe to 60 % within 1 point" says that at every measured sparsity up to 60 % the whole 95 %
interval of the mean drop, over samples like these, lies within 1 point. Torch-free.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from prunescope.curves.curve import Curve, CurveKey, CurvePoint
from prunescope.curves.guessing import at_chance
from prunescope.statistics.paired import paired_interval
from prunescope.study import Manifest
from prunescope.text.numbers import counted
from prunescope.text.scores import PERCENT_WORDS, ScoreWords, words_of

_SLACK = 1e-12


@dataclass(frozen=True)
class Safe:
    """A safe sparsity of one curve.

    Attributes:
        key: Of the curve: layer or group, method and recovery.
        point: The measurement at the safe sparsity.
        limit: The accepted drop, absolute.
        words: Of the study's metric.
    """

    key: CurveKey
    point: CurvePoint
    limit: float
    words: ScoreWords = PERCENT_WORDS

    def sentence(self) -> str:
        """Return what is safe, by what, on how many samples, and what of."""
        words, point = self.words, self.point
        return (
            f"Safe to {100 * point.sparsity:g} % within {words.drop(self.limit)}: by "
            f"{curve_name(self.key)}. The mean {words.loss_word} there is "
            f"{words.drop(point.drop)}, at most {words.drop(point.interval.high)} by its 95 % "
            f"interval over samples like these, from {counted(point.samples, 'sample')}."
        )


def curve_name(key: CurveKey) -> str:
    """Return method and recovery in words: ``magnitude without recovery``, ``l1@channel + ls``."""
    return f"{key.method} without recovery" if key.recovery == "none" else _short(key)


def safe_point(curve: Curve, limit: float) -> CurvePoint | None:
    """Return the last measured point up to which every upper end is within ``limit``, or None.

    The scan begins at the smallest sparsity and ends at the first upper end past the limit, so a
    later point within it by luck does not count.

    Args:
        curve: Of one layer or group; the intervals of points that have not seen all samples
            include what the others can change.
        limit: Largest accepted drop, absolute (0.01 is one point of accuracy).
    """
    last = None
    for point in curve.points:
        if not point.interval.high <= limit + _SLACK:
            break
        last = point
    return last


def safest(curves: Iterable[Curve], limit: float, manifest: Manifest) -> Safe | None:
    """Return the largest safe sparsity among ``curves``, or None; on a tie the first curve's.

    None for a study whose dense score is no better than chance: nothing can be lost there, so
    nothing can be called safe.

    Args:
        curves: Of one layer or group.
        limit: Largest accepted drop, absolute.
        manifest: Of the study.
    """
    if at_chance(manifest):
        return None
    safe = [
        Safe(curve.key, point, limit, words_of(manifest))
        for curve in curves
        if (point := safe_point(curve, limit))
    ]
    return max(safe, key=lambda each: each.point.sparsity, default=None)


def why_none(curves: Iterable[Curve], limit: float, manifest: Manifest) -> str:
    """Return in a sentence why none of ``curves`` is safe at any measured sparsity."""
    if at_chance(manifest):
        return "Nothing is called safe: the dense score is no better than chance."
    firsts = [curve.points[0] for curve in curves if curve.points]
    if not firsts:
        return "Nothing is called safe: nothing is measured."
    best = min(firsts, key=lambda point: point.interval.high)
    least = paired_interval(best.samples, 0.0, 0.0, scale=manifest.scale).high
    words = words_of(manifest)
    text = (
        f"Nothing is called safe within {words.drop(limit)}: the least upper end of a 95 % "
        f"interval of the mean {words.loss_word} is {words.drop(best.interval.high)}, at "
        f"{100 * best.sparsity:g} %."
    )
    if least > limit:
        text += (
            f" From {counted(best.samples, 'sample')} no interval ends below {words.drop(least)}, "
            "even without any change: measure more samples, or accept more."
        )
    return text


def _short(key: CurveKey) -> str:
    return f"{key.method} + {key.recovery}"
