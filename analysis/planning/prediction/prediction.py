"""What is expected of a plan, and how far such expectations were off so far."""

import math
from dataclasses import dataclass
from typing import Final

from prunescope.html_tables import facts
from prunescope.planning.prediction.forecast import Recall
from prunescope.planning.prediction.interval_basis import UNKNOWN, IntervalBasis
from prunescope.planning.prediction.plan_parts import Gap
from prunescope.statistics.paired import Interval
from prunescope.text.numbers import counted
from prunescope.text.scores import PERCENT_WORDS, ScoreWords

PAST: Final = "so only a lower end of the drop is known"
"""What follows from a part that is pruned past its last measured point."""


@dataclass(frozen=True)
class BackTest:
    """How far the active predictor was off on the plans of this study that were measured.

    Attributes:
        mean: Mean of |predicted − measured| drop, each predicted from the other plans.
        worst: Largest of them.
        plans: How many plans.
        other: Whether one plan was left out, because it is the one that is predicted.
    """

    mean: float
    worst: float
    plans: int
    other: bool = False

    def in_words(self, words: ScoreWords) -> str:
        """Return it as it ends a sentence, in the words of the study's metric.

        >>> BackTest(0.02, 0.05, 4, other=True).in_words(PERCENT_WORDS)
        'off by 2.00 pt on average over 4 other verified plans'
        """
        over = counted(self.plans, f"{'other ' if self.other else ''}verified plan")
        return f"off by {words.drop(self.mean)} on average over {over}"


@dataclass(frozen=True)
class Prediction:
    """What is expected of a plan.

    Attributes:
        drop: Dense minus pruned score, absolute, as far as scores allow it; None when a part of
            the plan was never measured.
        interval: Around ``drop``, as ``basis`` says: holds the measured drop of nine plans in ten;
            for a plan with a single part it is that of its curve (``Curve.between``). None without
            ``drop``, and where nothing is known of its error.
        error: The back-test, or None when no other plan of this study has been measured.
        predictor: Name of the active predictor, one of ``PREDICTORS``.
        missing: Parts of the plan that no measurement covers. A part pruned beyond its last
            measured point counts at that point, so that the drop is a lower estimate then.
        entropy: Change of the mean cross-entropy in nats, corrected as the drop is; NaN when
            unknown.
        divergence: Mean KL(dense ‖ pruned) in nats, corrected likewise; NaN when unknown.
        agreement: Fraction of samples that keep the dense model's class; NaN without logits.
        recalls: Per class; empty without logits.
        samples: Samples whose logits were combined; 0 where only sums were added.
        entropy_interval: Around ``entropy``, holds the measured value of nine plans in ten and no
            fall below a cross-entropy of 0; None where too little is known, as past a part's last
            measured point.
        divergence_interval: The same around ``divergence``.
        worst_interval: The same around the recall of the worst class, from 0 to 1.
        basis: What ``interval`` stands on.
        words: Of the study's metric.
    """

    drop: float | None
    interval: Interval | None
    error: BackTest | None
    predictor: str
    missing: tuple[Gap, ...]
    entropy: float = math.nan
    divergence: float = math.nan
    agreement: float = math.nan
    recalls: tuple[Recall, ...] = ()
    samples: int = 0
    entropy_interval: Interval | None = None
    divergence_interval: Interval | None = None
    worst_interval: Interval | None = None
    basis: IntervalBasis = UNKNOWN
    words: ScoreWords = PERCENT_WORDS

    @property
    def worst(self) -> Recall | None:
        """The class that is expected to be recognised least; None without logits."""
        return min(self.recalls, key=lambda recall: recall.pruned, default=None)

    def sentences(self) -> tuple[str, ...]:
        """Return what is expected in sentences: the drop, how far off it may be, what is missing.

        >>> gap = Gap("fc", "no measurement by taylor")
        >>> Prediction(None, None, None, "sum", (gap,)).sentences()
        ('Its drop cannot be predicted: fc has no measurement by taylor.',)
        """
        name = self.words.loss_word
        if self.drop is None:
            gaps = ", ".join(f"{gap.subject} has {gap.reason}" for gap in self.missing)
            return (f"Its {name} cannot be predicted: {gaps}.",)
        off = f", {self.error.in_words(self.words)}" if self.error else ""
        first = f"Predicted {name}: {self.drop_in_words()} by {self.predictor}{off}."
        beyond = (f"{gap.subject}: {gap.reason}, {PAST}." for gap in self.missing)
        return (first, *beyond)

    def drop_in_words(self) -> str:
        """Return the drop with its interval, and what that stands on.

        >>> Prediction(0.3, None, None, "sum of drops", ()).drop_in_words()
        '30.00 pt (how far off is not known before 3 plans of this study are verified)'
        """
        words = self.words
        if self.drop is None:
            return "unknown"
        if self.interval is None:
            return f"{words.drop(self.drop)} ({self.basis.words()})"
        if self.basis.one_sided:
            return f"{words.drop(self.interval.low)} or more{self.basis.words()}"
        vague = ", which is next to nothing: measure it" if self.basis.vague else ""
        return f"{words.drop(self.drop)} ({words.span(self.interval)}{self.basis.words()}{vague})"

    def __str__(self) -> str:
        return " ".join(self.sentences())

    def _repr_html_(self) -> str:
        return facts("Predicted, not measured", self._values(), self.sentences()[1:])

    def _values(self) -> list[tuple[str, str]]:
        found = [(self.words.loss_word, self.sentences()[0].partition(": ")[2])]
        known = {
            "change of the cross-entropy": f"{self.entropy:.4g} nats",
            "KL(dense ‖ pruned)": f"{self.divergence:.4g} nats",
            "same class as the dense model": f"{100 * self.agreement:.2f} %",
        }
        found += [(name, text) for name, text in known.items() if not text.startswith("nan")]
        if self.worst is not None:
            found.append(
                ("worst class", f"{self.worst.label}: {100 * self.worst.pruned:.1f} % recognised")
            )
        return found
