"""Scores, drops and limits in words, in the unit of the study's metric. Torch-free.

The only place that words them: commands, pages, charts, notebooks and JSON ask here. A drop stands
as stored (dense minus pruned, positive is worse); for a metric of which less is better it is
called a rise, and shown as what the number rises by.
"""

import math
from dataclasses import dataclass, replace
from typing import Final, Literal

from prunescope.errors import BadValue
from prunescope.statistics.paired import Interval
from prunescope.study import Manifest
from prunescope.study.metric_summary import PERCENT, MetricSummary
from prunescope.text.allowance import OF_DENSE, Allowance
from prunescope.text.units import signed

_DIGITS: Final = 4
_SCORE: Final = MetricSummary("score")


def words_of(manifest: Manifest) -> "ScoreWords":
    """Return the words for the scores of the study with ``manifest``."""
    name = manifest.metric.name or manifest.reference.metric.rpartition(":")[2].partition("#")[0]
    dense = manifest.baseline.score if manifest.baseline else 1.0
    return ScoreWords(replace(manifest.metric, name=name), dense)


@dataclass(frozen=True)
class ScoreWords:
    """Words for the scores of one study.

    Attributes:
        metric: What its numbers are.
        dense: The stored score that drops are counted from.
    """

    metric: MetricSummary = _SCORE
    dense: float = 1.0

    @property
    def name(self) -> str:
        """The metric's name."""
        return self.metric.name

    @property
    def loss_word(self) -> str:
        """``drop``, or ``rise`` where less is better."""
        return self.metric.loss_word

    @property
    def drop_title(self) -> str:
        """The title of an axis or column of drops.

        >>> ScoreWords(MetricSummary("top-1"), 0.9).drop_title
        'Drop, pt'
        """
        return self.titled(self.loss_word.capitalize())

    @property
    def drop_unit(self) -> str:
        """The unit of drops."""
        return self.metric.drop_unit

    @property
    def score_title(self) -> str:
        """The title of an axis or column of scores."""
        return f"{self.name}, {self.metric.unit}" if self.metric.unit else self.name

    @property
    def score_column(self) -> str:
        """The title of a column of scores in a table that does not name the metric."""
        return f"Score, {self.unit}" if self.unit else "Score"

    @property
    def column_format(self) -> str:
        """How a column of drops or scores is formatted, in the notation of ``printf``."""
        return f"%.{_DIGITS}g" if self.metric.decimals is None else f"%.{self.metric.decimals}f"

    @property
    def delta_colour(self) -> Literal["normal", "inverse"]:
        """Streamlit's name for the colour in which ``delta`` is good news where it is."""
        return "normal" if self.metric.higher_is_better else "inverse"

    def plain(self, score: float) -> float:
        """Return a stored score as it is written for programs: shares from 0 to 1, else as shown.

        >>> ScoreWords().plain(0.925)
        0.925
        """
        return score if self.metric.unit == PERCENT else self.shown(score)

    def plain_drop(self, drop: float) -> float:
        """Return a stored drop as it is written for programs; worse is positive."""
        return drop if self.metric.unit == PERCENT else self.shown_drop(drop)

    def titled(self, words: str) -> str:
        """Return ``words`` with the unit of drops behind them: ``Mean, pt``."""
        return f"{words}, {self.metric.drop_unit}" if self.metric.drop_unit else words

    def score(self, score: float) -> str:
        """Return a stored score with its unit.

        >>> ScoreWords(MetricSummary("top-1"), 0.9).score(0.925)
        '92.50 %'
        """
        return self._with_unit(self._number(self.metric.shown(score)), self.metric.unit)

    def drop(self, drop: float, sign: bool = False) -> str:
        """Return a stored drop with its unit.

        >>> ScoreWords(MetricSummary("top-1"), 0.9).drop(0.0125)
        '1.25 pt'
        """
        change = self.shown_drop(drop)
        plus = "+" if sign and change > 0 else ""
        return self._with_unit(plus + self._number(change), self.metric.drop_unit)

    def difference(self, difference: float) -> str:
        """Return the size of a difference of two drops, such as how far a prediction is off.

        Of a perplexity it is taken at the dense score.
        """
        return self.drop(abs(difference))

    def limit(self, limit: float) -> str:
        """Return an accepted drop as somebody would write it.

        >>> ScoreWords(MetricSummary("top-1"), 0.9).limit(0.01)
        '1 pt'
        """
        return self._with_unit(f"{self.shown_drop(limit):.6g}", self.metric.drop_unit)

    def span(self, drop: Interval) -> str:
        """Return the interval of a drop.

        >>> ScoreWords(MetricSummary("top-1"), 0.9).span(Interval(0.01, -0.002, 0.0225))
        '−0.20 to 2.25 pt'
        """
        return f"{self._number(self.shown_drop(drop.low))} to {self.drop(drop.high)}"

    def gained(self, mean: float) -> str:
        """Return what a score gains, better being positive, as a difference of what people read."""
        change = 0.0 - self.shown_drop(-mean)
        plus = "+" if change > 0 else ""
        return self._with_unit(plus + self._number(change), self.metric.drop_unit)

    def gain(self, gain: Interval) -> str:
        """Return what a score gains, with its interval."""
        return f"{self.gained(gain.mean).removeprefix('+')} ({self.gain_span(gain)}, 95 %)"

    def gain_span(self, gain: Interval) -> str:
        """Return the interval of a gain."""
        low, high = (0.0 - self.shown_drop(-end) for end in (gain.low, gain.high))
        return f"{self._number(low)} to {self._with_unit(self._number(high), self.drop_unit)}"

    def shown_span(self, low: float, high: float) -> str:
        """Return two drops, already as people read them, as a range."""
        digits = ".1f" if self.metric.unit == PERCENT else ".3g"
        return f"{low:{digits}} to {self._with_unit(f'{high:{digits}}', self.drop_words)}"

    @property
    def mean_title(self) -> str:
        """What a map of mean drops shows: ``Mean drop in points``."""
        unit = f" in {self.drop_words}" if self.drop_words else ""
        return f"Mean {self.loss_word}{unit}"

    def drop_short(self, drop: float) -> str:
        """Return a stored drop with one decimal of percent, or three digits, and its unit."""
        change = self.shown_drop(drop)
        text = f"{change:.1f}" if self.metric.unit == PERCENT else f"{change:.3g}"
        return self._with_unit(signed(text), self.metric.drop_unit)

    @property
    def drop_words(self) -> str:
        """The unit of drops, written out."""
        return "points" if self.metric.unit == PERCENT else self.metric.drop_unit

    def scores_between(self, low: float, high: float) -> str:
        """Return two stored scores as a range, from the lower number to the higher."""
        ends = sorted((self.metric.shown(low), self.metric.shown(high)))
        return f"{self._number(ends[0])} to {self._with_unit(self._number(ends[1]), self.unit)}"

    def around(self, drop: float, half: float) -> str:
        """Return a drop with half of its interval's width.

        >>> ScoreWords(MetricSummary("top-1"), 0.9).around(-0.012, 0.005)
        '−1.20 ± 0.50 pt'
        """
        return f"{self._number(self.shown_drop(drop))} ± {self.half(drop, half)}"

    def half(self, drop: float, half: float) -> str:
        """Return half the width of the interval around a drop, with its unit."""
        return self._with_unit(self._number(self.shown_half(drop, half)), self.metric.drop_unit)

    def cell(self, drop: float, half: float) -> str:
        """Return a drop and half of its interval's width for a table's cell, without a unit.

        >>> ScoreWords(MetricSummary("top-1"), 0.9).cell(0.0123, 0.005)
        '1.2±0.5'
        """
        change, width = self.shown_drop(drop), self.shown_half(drop, half)
        if self.metric.unit == PERCENT:
            return f"{change:.1f}±{width:.1f}"
        return f"{change:.3g}±{width:.2g}"

    def delta(self, drop: float) -> str:
        """Return what a drop does to the number, with the plain minus that arrows are chosen by.

        >>> ScoreWords(MetricSummary("top-1"), 0.9).delta(0.0125)
        '-1.25 pt'
        """
        change = self.shown_drop(drop) * (-1 if self.metric.higher_is_better else 1)
        text = self._number(abs(change))
        is_zero = not any(digit in "123456789" for digit in text)
        sign = "" if is_zero or math.isnan(change) else "-" if change < 0 else "+"
        return self._with_unit(sign + text, self.metric.drop_unit)

    @property
    def unit(self) -> str:
        """The unit of scores."""
        return self.metric.unit

    def shown(self, score: float) -> float:
        """Return a stored score as the number that people read."""
        return self.metric.shown(score)

    def shown_drop(self, drop: float) -> float:
        """Return a stored drop as the number that people read."""
        return self.metric.shown_drop(drop, self.dense)

    def shown_half(self, drop: float, half: float) -> float:
        """Return half the width of the interval of a drop, as people read it."""
        return (self.shown_drop(drop + half) - self.shown_drop(drop - half)) / 2

    def stored_drop(self, change: float) -> float:
        """Return the stored drop that people read as ``change``."""
        return self.metric.stored_drop(change, self.dense)

    def rounded(self, drop: float) -> float:
        """Return the stored drop that people read with three digits that matter.

        >>> PERCENT_WORDS.rounded(0.012345)
        0.0123
        """
        return round(self.stored_drop(float(f"{self.shown_drop(drop):.3g}")), 12)

    def usual(self, share: float) -> float:
        """Return a stored drop: ``share`` itself for scores from 0 to 1, else so much of dense."""
        return share if self.metric.is_share else self.metric.share_of_dense(share, self.dense)

    def accepted(self, allowance: Allowance, what: str = "limit") -> float:
        """Return an accepted loss as a stored drop.

        >>> words = ScoreWords(MetricSummary("top-1"), 0.5)
        >>> [words.accepted(Allowance.parse(text)) for text in ("0.01", "1pt", "2%")]
        [0.01, 0.01, 0.01]

        Raises:
            BadValue: A unit that the metric does not have, or more than a score can lose.
        """
        number, unit = allowance.number, allowance.unit
        if unit == OF_DENSE:
            stored = self.metric.share_of_dense(number / 100, self.dense)
        elif unit in ("", self.metric.drop_unit):
            is_points = unit and self.metric.unit == PERCENT
            plain = not unit and self.metric.unit == PERCENT
            stored = number if plain else self.stored_drop(number)
            stored = number / 100 if is_points else stored
        else:
            own = f"{self.metric.drop_unit} or " if self.metric.drop_unit else ""
            raise BadValue(
                f"Expected {what} in the unit of {self.name or 'the metric'}, but got {allowance}. "
                f"Write a number, with {own}% for per cent of the dense score."
            )
        if self.metric.is_share and stored > 1:
            raise BadValue(
                f"Expected {what} to be a number from 0 to 1, but got {number:g}. Write 0.01 "
                "for one point."
            )
        return stored

    def _number(self, number: float) -> str:
        if math.isnan(number):
            return "–"
        if math.isinf(number):
            return "∞" if number > 0 else "−∞"
        if self.metric.decimals is None:
            return signed(f"{number:.{_DIGITS}g}")
        return signed(f"{number:.{self.metric.decimals}f}")

    @staticmethod
    def _with_unit(text: str, unit: str) -> str:
        return f"{text} {unit}" if unit and text != "–" else text


PERCENT_WORDS: Final = ScoreWords()
"""Of scores from 0 to 1 without a study: percent, and points."""
