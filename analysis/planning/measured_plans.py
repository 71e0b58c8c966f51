"""The verified plans of a study: what each really did on the validation split."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from prunescope.errors import DamagedFile
from prunescope.planning.prediction import PredictedEffects
from prunescope.statistics.paired import Interval, paired_interval
from prunescope.store.json_documents import from_json
from prunescope.study.plan import Plan
from prunescope.text.numbers import counted
from prunescope.text.scores import ScoreWords


@dataclass(frozen=True)
class MeasuredPlan:
    """What a plan really did on the validation split.

    Attributes:
        score: Of the pruned network, as stored.
        drop: Dense minus pruned score, with its 95 % paired interval.
        samples: How many it was measured on.
        effects: What predictions are compared with.
    """

    score: float
    drop: Interval
    samples: int
    effects: PredictedEffects

    @classmethod
    def of(cls, row: dict[Any, Any], scale: float = 1.0) -> "MeasuredPlan":
        """Return what ``row``, a ``Verification`` as a mapping, holds.

        ``scale`` is how far one sample's score may change, as in manifests.
        """
        samples = int(row["samples"])
        drop = paired_interval(
            samples, float(row["drop_sum"]), float(row["drop_squares"]), scale=scale
        )
        effects = PredictedEffects.measured(row, None)
        return cls(float(row["score_sum"]) / samples, drop, samples, effects)

    def sentence(self, words: ScoreWords) -> str:
        """Return it as a sentence, in the words of the study's metric.

        >>> from prunescope.text.scores import PERCENT_WORDS
        >>> effects = PredictedEffects(0.5)
        >>> MeasuredPlan(0.4, Interval(0.5, 0.45, 0.55), 449, effects).sentence(PERCENT_WORDS)
        'Measured score: 40.00 %, drop 50.00 pt (45.00 to 55.00 pt, 95 %) on 449 samples.'
        """
        return (
            f"Measured {words.name}: {words.score(self.score)}, {words.loss_word} "
            f"{words.drop(self.drop.mean)} ({words.span(self.drop)}, 95 %) on "
            f"{counted(self.samples, 'sample')}."
        )


class MeasuredPlans:
    """Looks up what a plan really did; plans differ by recovery and seed too."""

    def __init__(self, verified: pd.DataFrame | None = None, scale: float = 1.0) -> None:
        self._by_digest: dict[str, MeasuredPlan] = {}
        self._texts: dict[str, str] = {}
        for row in [] if verified is None else verified.to_dict("records"):
            if row["split"] == "validation" and row["samples"] > 0:
                self._by_digest[row["digest"]] = MeasuredPlan.of(row, scale)
                self._texts[row["digest"]] = row["plan"]

    def __call__(self, plan: Plan) -> MeasuredPlan | None:
        """Return what just this plan did; None where it was not measured."""
        return self._by_digest.get(plan.digest)

    def score(self, plan: Plan) -> float | None:
        """Return the score of just this plan, as stored; None where it was not measured."""
        measured = self(plan)
        return None if measured is None else measured.score

    def with_recovery(self, recovery: str) -> Iterable[tuple[Plan, MeasuredPlan]]:
        """Yield the plans with ``recovery``, always in the same order; unreadable ones left out."""
        for digest in sorted(self._texts):
            try:
                plan = from_json(Plan, self._texts[digest], "a verified plan")
            except DamagedFile:  # of another version
                continue
            measured = self._by_digest[digest]
            if plan.recovery == recovery and math.isfinite(measured.effects.drop):
                yield plan, measured
