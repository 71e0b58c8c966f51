"""The track record: what every predictor expects of the plans of a study that were measured."""

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import pandas as pd

from prunescope.curves.curve import Curves
from prunescope.errors import DamagedFile, UnknownName
from prunescope.planning.prediction.added_divergences import damage_shares
from prunescope.planning.prediction.logit_operators import LogitOperators
from prunescope.planning.prediction.plan_parts import parts_of
from prunescope.planning.prediction.predicted_effects import PredictedEffects
from prunescope.planning.prediction.predictors import PREDICTORS, make_case, uncorrected_forecast
from prunescope.store.json_documents import from_json
from prunescope.study import Manifest
from prunescope.study.plan import Plan


@dataclass(frozen=True)
class Trial:
    """One measured plan.

    Attributes:
        digest: Of the plan.
        recovery: Of the plan: predictors behave differently with and without.
        real: Measured on the validation split.
        guesses: Each of ``PREDICTORS`` → what it predicts, uncorrected.
        shares: Layer or group → its share in the summed damage of the plan's parts.
    """

    digest: str
    recovery: str
    real: PredictedEffects
    guesses: Mapping[str, PredictedEffects]
    shares: Mapping[str, float] = field(default_factory=dict)

    @property
    def changing(self) -> float:
        """Share of samples predicted to change their class; NaN when no predictor tells."""
        return next(
            (g.changing for g in self.guesses.values() if math.isfinite(g.changing)), math.nan
        )


@dataclass(frozen=True)
class Record:
    """All measured plans that the study's measurements cover.

    Attributes:
        trials: The plans.
        learnt: A cache for results computed from just these plans (``active_predictor``), which
            take time cubic in their number and are needed for every plan.
    """

    trials: tuple[Trial, ...] = ()
    learnt: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    _about: "dict[str, Record]" = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def of(
        cls,
        manifest: Manifest,
        study_curves: Curves,
        verified: pd.DataFrame,
        operators: LogitOperators | None = None,
    ) -> Self:
        """Return the record of ``verified``, as in ``Study.verified()``.

        Plans that have parts without measurement are left out, and so are those of the test
        split, those with a single part, which measurements know already, and those that another
        version wrote.
        """
        record = cls()
        for row in verified.to_dict("records"):
            if row["split"] != "validation" or row["samples"] <= 0:
                continue
            try:
                plan = from_json(Plan, row["plan"], "a verified plan")
            except DamagedFile:  # of another version, so unknown here
                continue
            real = PredictedEffects.measured(row, manifest.baseline)
            record = record.plus(manifest, study_curves, plan, real, operators)
        return record

    def plus(
        self,
        manifest: Manifest,
        study_curves: Curves,
        plan: Plan,
        real: PredictedEffects,
        operators: LogitOperators | None = None,
    ) -> Self:
        """Return the record with ``plan`` and its effects, if predictors can be tried on it."""
        try:
            parts, missing = parts_of(plan, study_curves, manifest)
        except UnknownName:  # of another version
            return self
        if missing or len(parts) < 2:
            return self

        def predict_effects() -> dict[str, PredictedEffects]:
            case = make_case(manifest, study_curves, parts, plan.recovery, operators)
            return {name: uncorrected_forecast(name, case).figures for name in PREDICTORS}

        guesses = (
            predict_effects()
            if operators is None
            else operators.guesses(study_curves, plan.digest, predict_effects)
        )
        trial = Trial(plan.digest, plan.recovery, real, guesses, damage_shares(parts))
        return replace(self, trials=(*self.trials, trial))

    def about(self, plan: Plan) -> "Record":
        """Return the trials relevant for ``plan``: those with the same recovery, without itself."""
        own = self._about.get(plan.recovery)
        if own is None:
            trials = tuple(trial for trial in self.trials if trial.recovery == plan.recovery)
            own = self._about[plan.recovery] = replace(self, trials=trials)
        others = tuple(trial for trial in own.trials if trial.digest != plan.digest)
        return own if len(others) == len(own.trials) else replace(own, trials=others)
