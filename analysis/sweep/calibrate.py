"""Measure a few combined plans, to learn how exact this study's predictions are."""

from dataclasses import asdict, dataclass

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
from prunescope.planning.prediction.active_predictor import active_predictor
from prunescope.planning.prediction.predict import BackTest, back_test, predict
from prunescope.progress import Progress
from prunescope.store.folder import StudyFolder
from prunescope.study.bounds import CALIBRATION_PLANS
from prunescope.study.plan import Plan
from prunescope.study.recoveries import RECOVERIES
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
        rows = [
            (name, self.words.drop(error.mean), self.words.drop(error.worst), error.plans)
            for name, error in sorted(self.errors.items(), key=lambda pair: pair[1].mean)
        ]
        notes = [
            f"{self.measured} plans measured, {self.measured_before} known before, "
            f"{self.left} left. Active predictor: {self.predictor}.",
            *(f"Not measured: {reason}" for reason in self.refused),
            *self.shortfall(),
        ]
        return table("Predictors", ("predictor", "mean error", "worst", "plans"), rows, notes)


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
            row = verifier.measure(plan, guess)
        except CannotPrune as reason:
            refused.append(f"{plan.name}: {reason}")
        else:
            study.verifications.append([row])
            done += 1
            real = PredictedEffects.measured(asdict(row), manifest.baseline)
            record = record.plus(manifest, study_curves, plan, real, operators)
        progress.advance(1, plan.name)
    study.verifications.compact()
    about = record.about(Plan("", manifest.fingerprint, recovery=recovery))
    errors = {
        name: back_test(manifest, study_curves, about, operators, name, recovery)
        for name in PREDICTORS
    }
    return Calibration(
        done, len(plans) - len(todo), len(todo) - done - len(refused), tuple(refused),
        active_predictor(manifest, about, PREDICTORS).name,
        back_test(manifest, study_curves, about, operators, None, recovery),
        {name: error for name, error in errors.items() if error is not None}, count,
        words_of(manifest),
    )  # fmt: skip
