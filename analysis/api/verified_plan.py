"""A verified plan as Python, notebooks and JSON show it: in the unit of the study's metric."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from prunescope.html_tables import facts
from prunescope.statistics.paired import Interval, paired_interval
from prunescope.store import removed_units
from prunescope.store.measurements import Verification
from prunescope.study import Manifest
from prunescope.study.other_metric import SUMS, OtherMetric
from prunescope.text.numbers import exact
from prunescope.text.scores import PERCENT_WORDS, ScoreWords, words_of
from prunescope.text.units import bytes_


@dataclass(frozen=True, kw_only=True)
class VerifiedPlan(Verification):
    """What a plan really did.

    Attributes:
        words: Of the study's metric.
        scale: How far one sample's score may change, as in manifests.
        Others as in ``Verification``.
    """

    words: ScoreWords = PERCENT_WORDS
    scale: float = 1.0
    other_metrics: tuple[OtherMetric, ...] = ()

    @classmethod
    def of(cls, row: Verification, manifest: Manifest) -> Self:
        """Return the stored ``row`` of the study with ``manifest``."""
        values = {each.name: getattr(row, each.name) for each in fields(Verification)}
        words, others = words_of(manifest), manifest.other_metrics
        return cls(**values, words=words, scale=manifest.scale, other_metrics=others)

    @property
    def drop(self) -> Interval:
        """Mean drop against the dense model, positive is worse, with its paired interval."""
        return paired_interval(self.samples, self.drop_sum, self.drop_squares, scale=self.scale)

    def by_others(self) -> Iterator[tuple[ScoreWords, float, Interval]]:
        """Yield words, score and drop by each of the other metrics that are stored."""
        for place, other in enumerate(self.other_metrics):
            sums = self.others[place * len(SUMS) : (place + 1) * len(SUMS)]
            if len(sums) == len(SUMS):
                score, drop, squares = sums
                interval = paired_interval(self.samples, drop, squares, scale=other.scale)
                yield ScoreWords(other.summary, other.dense), score / self.samples, interval

    def plain(self) -> dict[str, Any]:
        """Return it for ``--json``: the row as stored, and the figures in the metric's unit."""
        words, drop = self.words, self.drop
        stored = {each.name: getattr(self, each.name) for each in fields(Verification)}
        return stored | {
            "removed_units": removed_units.indices(self.removed_units),
            "metric": asdict(words.metric),
            "score": words.plain(self.score),
            "drop": words.plain_drop(drop.mean),
            "low": words.plain_drop(drop.low),
            "high": words.plain_drop(drop.high),
            "other_metrics": {
                own.name: {
                    "score": own.plain(score), "drop": own.plain_drop(lost.mean),
                    "low": own.plain_drop(lost.low), "high": own.plain_drop(lost.high),
                }
                for own, score, lost in self.by_others()
            },
        }  # fmt: skip

    def __str__(self) -> str:
        values = dict(self._values())
        word = self.words.loss_word
        return (
            f"Measured on {values['samples']}: score {values['score']}, {word} {values[word]}, "
            f"{values['removed']} removed."
        )

    def _repr_html_(self) -> str:
        return facts("Measured: the plan really applied", self._values())

    def _values(self) -> list[tuple[str, str]]:
        words, drop = self.words, self.drop
        predicted = f"{words.drop(self.predicted_drop)}, by {self.predictor}"
        values = [
            ("score", words.score(self.score)),
            (words.loss_word, f"{words.drop(drop.mean)} ({words.span(drop)}, 95 %)"),
            ("predicted before", predicted),
            ("samples", f"{exact(self.samples)} of the {self.split} split"),
            ("removed", f"{exact(self.removed)} weights"),
            ("dense size", bytes_(self.bytes)),
        ]
        if not self.predictor:
            del values[2]
        return values
