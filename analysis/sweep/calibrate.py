"""Measure a few combined plans, to learn how exact this study's predictions are."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import ClassVar

from prunescope.bench.workbench import Workbench
from prunescope.curves.curve import curves
from prunescope.errors import CannotPrune, UnknownName
from prunescope.html_tables import table
from prunescope.planning.prediction import (
    PREDICTORS,
    LogitOperators,
    PredictedEffects,
    Record,
    propose_verifications,
)
from prunescope.planning.prediction.active_predictor import (
    BEFORE,
    OTHERS,
    ROUND,
    active_predictor,
)
from prunescope.planning.prediction.predict import BackTest, back_test, predict
from prunescope.progress import Progress
from prunescope.store.folder import StudyFolder
from prunescope.study.bounds import CALIBRATION_PLANS
from prunescope.study.plan import Plan
from prunescope.study.recoveries import RECOVERIES
from prunescope.sweep.beside_verification import store
from prunescope.sweep.verify_plan import Verifier
from prunescope.text.scores import PERCENT_WORDS, ScoreWords, words_of


@dataclass(frozen=True)
class Calibration:
    """The result of a calibration: plans measured, and the predictors' errors on them.

    Attributes:
        measured: Plans measured now.
        measured_before: Proposed plans that were measured before.
        left: Plans not measured because the run was cancelled.
        refused: Plans that cannot be applied, each with the reason.
        predictor: The active one now.
        error: Its back-test, or None without a verified plan.
        errors: The back-test of every predictor that applies to the plans.
        asked: Plans asked for.
        words: Of the study's metric.
        judged: Predictors that can be in force, best first, with what they are judged by: see
            ``ActivePredictor.judged``.
    """

    measured: int
    measured_before: int
    left: int
    refused: tuple[str, ...]
    predictor: str
    error: BackTest | None
    errors: dict[str, BackTest]
    asked: int = 0
    words: ScoreWords = PERCENT_WORDS
    judged: Mapping[str, float] = field(default_factory=dict)

    RANKING: ClassVar = (
        "predictor", "judged by", "mean error", "worst", "verified plans"
    )  # fmt: skip
    """Columns of ``ranking``."""

    def ranking(self) -> list[tuple[str, str, str, str, str]]:
        """Return a row for each predictor, the one in force first.

        Rows are in the order in which predictors are judged; behind them those that cannot be in
        force for this study. Columns: ``RANKING``.
        """
        order = [name for name in self.judged if name in self.errors]
        order += [name for name in self.errors if name not in order]
        return [
            (
                name,
                f"{self.judged[name]:.2f}" if name in self.judged else "not for this study",
                self.words.drop(self.errors[name].mean),
                self.words.drop(self.errors[name].worst),
                str(self.errors[name].plans),
            )
            for name in order
        ]

    def how_judged(self) -> str:
        """Return by what the predictor in force is chosen, as sentences.

        >>> Calibration(0, 0, 0, (), "sum of KL", None, {}).how_judged()[:41]
        'Which one is in force is judged by errors'
        """
        return (
            "Which one is in force is judged by errors relative to each plan's drop (plus "
            f"{100 * ROUND:g} point), not by points: a ruined plan must not decide for all others. "
            f"{BEFORE:g} imagined plans count too, on which all but the predictor that this kind "
            f"of study begins with err {OTHERS:g} times as much, so a few plans do not change it."
        )

    def shortfall(self) -> tuple[str, ...]:
        """Return sentences that say why fewer plans count than were asked for; none where all do.

        >>> Calibration(7, 0, 0, (), "sum of KL", None, {}, asked=9).shortfall()[0]
        'Only 7 of 9 plans exist: the measured sparsities allow no more different combinations.'
        """
        proposed = self.measured + self.measured_before + self.left + len(self.refused)
        counted = self.error.plans if self.error else 0
        usable = self.measured + self.measured_before
        sentences = []
        if proposed < self.asked:
            sentences.append(
                f"Only {proposed} of {self.asked} plans exist: the measured sparsities allow no "
                "more different combinations."
            )
        if counted < usable:
            sentences.append(
                f"{counted} of {usable} measured plans count: the others prune a single part, or "
                "past what was measured."
            )
        return tuple(sentences)

    def _repr_html_(self) -> str:
        notes = [
            f"{self.measured} plans measured, {self.measured_before} known before, "
            f"{self.left} left. Active predictor: {self.predictor}.",
            *(f"Not measured: {reason}" for reason in self.refused),
            *self.shortfall(),
            self.how_judged(),
        ]
        return table("Predictors", self.RANKING, self.ranking(), notes)


def calibrate(
    bench: Workbench, study: StudyFolder, count: int, recovery: str, progress: Progress
) -> Calibration:
    """Measure ``count`` proposed plans, those that the study lacks, and back-test predictors.

    Every plan is stored as soon as it is measured, with its prediction from before.

    Raises:
        ForeignStudy: The study is about another model, data or metric.
        UnknownName: No such recovery.
        BadValue: Too many plans, or too few curves with this recovery to combine.
    """
    CALIBRATION_PLANS.checked(count)
    study.require(bench.manifest)
    if recovery not in RECOVERIES:
        raise UnknownName.among("recovery", recovery, RECOVERIES)
    manifest, study_curves = study.manifest, curves(study.measured(), study.manifest)
    plans = propose_verifications(manifest, study_curves, count, recovery)
    stored = set(study.verified().query("split == 'validation'")["digest"])
    todo = [plan for plan in plans if plan.digest not in stored]
    progress.start(len(todo), "verifying plans")
    verifier, operators = Verifier(bench), LogitOperators(manifest, study.logits)
    record = Record.of(manifest, study_curves, study.verified(), operators)
    done, refused = 0, []
    for plan in todo:
        if progress.cancelled():
            break
        guess = predict(manifest, plan, study_curves, record, operators)
        try:
            row, made = verifier.measure_all(plan, guess)
        except CannotPrune as reason:
            refused.append(f"{plan.name}: {reason}")
        else:
            store(study, made)
            study.verifications.append([row])
            done += 1
            real = PredictedEffects.measured(asdict(row), manifest.baseline)
            record = record.plus(manifest, study_curves, plan, real, operators)
        progress.advance(1, plan.name)
    for stored_rows in (study.verifications, study.answers, study.unit_scores):
        stored_rows.compact()
    about = record.about(Plan("", manifest.fingerprint, recovery=recovery))
    errors = {
        name: back_test(manifest, study_curves, about, operators, name, recovery)
        for name in PREDICTORS
    }
    active = active_predictor(manifest, about, PREDICTORS)
    return Calibration(
        done, len(plans) - len(todo), len(todo) - done - len(refused), tuple(refused),
        active.name,
        back_test(manifest, study_curves, about, operators, None, recovery),
        {name: error for name, error in errors.items() if error is not None}, count,
        words_of(manifest), active.judged,
    )  # fmt: skip
