"""The results of a fine-tuning, as a file in the study. Torch-free."""

import contextlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from prunescope.commands import next_steps
from prunescope.errors import BadReference, DamagedFile
from prunescope.html_tables import table
from prunescope.recovery.training.fine_tuning_settings import SCHEDULES, FineTuning, Schedule
from prunescope.recovery.training.rounds import Round
from prunescope.recovery.training.training_curve import Ending, RangeTest, Reading
from prunescope.statistics.paired import Interval, paired_interval
from prunescope.store.json_documents import read_document
from prunescope.study.plan import Plan
from prunescope.text.scores import PERCENT_WORDS, ScoreWords

__all__ = [
    "RESULT", "WEIGHTS", "EvaluationSums", "FineTuned", "FineTuning", "SideBySide", "read_result",
    "result_folder", "results_of",
]  # fmt: skip

FOLDER: Final = "recovered"
RESULT: Final = "result.json"
WEIGHTS: Final = "weights.safetensors"
_SUFFIXES: Final[dict[Schedule, str]] = {
    "at once": "", "in rounds": "-gradual", "re-solved": "-resolved",
}  # fmt: skip
_ENDINGS: Final = {
    "cancelled": "It was stopped; the same command goes on from there. ",
    "diverged": "It diverged: the loss was no number any more. Lower the learning rate. ",
    "early": "It ended early: no better epoch came for as long as its patience allows. ",
    "exhausted": "The training data ended and could not be read again. ",
}


@dataclass(frozen=True)
class EvaluationSums:
    """One model against the dense one on the same samples; sums over samples.

    Attributes:
        samples: How many.
        score_sum: Of the model's scores.
        drop_sum: Of dense score minus the model's.
        drop_squares: Of its square.
        entropy_sum: Of the model's cross-entropy minus the dense one's, in nats; None without
            class logits and labels.
        divergence_sum: Of KL(dense ‖ model) in nats; None without class logits.
        agreements: Samples on which both predict the same; -1 without classes.
        nonfinite: Samples with NaN or infinite outputs, scored 0.
        class_correct: Rightly classified samples per class; empty without class labels.
        scale: How far one sample's score may change, as in manifests.
    """

    samples: int
    score_sum: float
    drop_sum: float
    drop_squares: float
    entropy_sum: float | None
    divergence_sum: float | None
    agreements: int
    nonfinite: int
    class_correct: tuple[int, ...]
    scale: float = 1.0

    @property
    def score(self) -> float:
        """Mean score."""
        return self.score_sum / self.samples

    @property
    def drop(self) -> Interval:
        """Mean drop against the dense model, positive is worse, with its paired interval."""
        return paired_interval(self.samples, self.drop_sum, self.drop_squares, scale=self.scale)


@dataclass(frozen=True)
class SideBySide:
    """Dense, pruned and fine-tuned model on the same samples of one split.

    Attributes:
        dense_score: Mean score of the dense model.
        before: The pruned model, with the plan's own recovery.
        after: The fine-tuned model.
        gain_sum: Sum over samples of score after minus score before.
        gain_squares: Sum of its square.
    """

    dense_score: float
    before: EvaluationSums
    after: EvaluationSums
    gain_sum: float
    gain_squares: float

    @property
    def gain(self) -> Interval:
        """Mean gain of score by fine-tuning, positive is better, with its paired interval."""
        return paired_interval(
            self.before.samples, self.gain_sum, self.gain_squares, scale=self.before.scale
        )


@dataclass(frozen=True)
class FineTuned:
    """A fine-tuning and what it gave.

    The kept weights are those of the epoch with the best validation score (epoch 0 is the pruned
    model itself), so the validation score after it is optimistic: it was chosen as the best of
    several. The test split chose nothing.

    Attributes:
        plan: What was removed.
        settings: How it was trained.
        curve: Readings in order.
        best_epoch: Whose weights are kept; 0 when no epoch was better than the pruned model. Of the
            last round, where there are several.
        ending: ``finished``, ``cancelled``, ``diverged``: the loss was no number any more,
            ``early``: no better epoch came for as long as patience allows, or ``exhausted``: the
            user's data ended.
        validation: The three models on the validation split.
        test: The same on the test split, when asked for.
        removed: Parameters that are zero by a mask, or gone with their units.
        total: Parameters of the dense model.
        seconds: Of training and validation.
        threads: CPU threads; the same seed gives the same weights at the same number of them.
        weights_hash: SHA-256 of the weights file that belongs to this result.
        range_test: By which the rate was chosen; None where somebody asked for one.
        diverged_at: Rates at which the loss was no number, and training began anew.
        resumed: How often it was stopped and gone on with.
        words: Of the study's metric.
        rounds: In which the plan was reached; empty where it was pruned at once.
        gone: Numbers of the units that the rounds removed, by group: scored on tuned networks, they
            are others than the plan would remove at once.
        notes: Sentences on the user's data, and on what could not be kept.
        provenance: Versions, device, and hashes of the user's loader and augmentation.
    """

    plan: Plan
    settings: FineTuning
    curve: tuple[Reading, ...]
    best_epoch: int
    ending: Ending
    validation: SideBySide
    test: SideBySide | None
    removed: int
    total: int
    seconds: float
    threads: int
    weights_hash: str
    range_test: RangeTest | None = None
    diverged_at: tuple[float, ...] = ()
    resumed: int = 0
    words: ScoreWords = PERCENT_WORDS
    rounds: tuple[Round, ...] = ()
    gone: dict[str, tuple[int, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    provenance: dict[str, str] = field(default_factory=dict)

    @property
    def gradual(self) -> bool:
        """Whether the plan was reached in rounds."""
        return bool(self.rounds)

    @property
    def schedule(self) -> Schedule:
        """How the plan was reached."""
        return self.settings.schedule

    def schedule_words(self) -> str:
        """Return how the plan was reached, with the number of rounds."""
        if not self.gradual:
            return "at once"
        return f"in {len(self.rounds)} rounds{', re-solved' * self.settings.resolve}"

    def happenings(self) -> str:
        """Return how the rate came about, what diverged, and whether it was stopped, in words."""
        asked = f"The rate {(self.diverged_at or (self.settings.peak,))[0]:g} was asked for."
        parts = [self.range_test.sentence() if self.range_test else asked]
        if self.gradual:
            rates = ", ".join(f"{each.rate:g}" for each in self.rounds)
            parts = [f"Reached {self.schedule_words()}, at peak rates of {rates}."]
        if self.diverged_at:
            given_up = " and ".join(f"{rate:g}" for rate in self.diverged_at)
            parts.append(
                f"At {given_up} the loss was no number any more; training began again at "
                f"{self.settings.peak:g}."
            )
        if self.resumed:
            times = "once" if self.resumed == 1 else f"{self.resumed} times"
            parts.append(f"It was stopped and gone on with {times}.")
        if words := self.settings.sentence():
            parts.append(words)
        return " ".join((*parts, *self.notes))

    def ending_sentence(self) -> str:
        """Return how it ended and what is kept."""
        last = " of the last round" if self.gradual else ""
        kept = f"Kept: epoch {self.best_epoch}{last}." if self.best_epoch else (
            "No epoch was better than the pruned model itself, which is kept."
        )  # fmt: skip
        return _ENDINGS.get(self.ending, "") + kept

    def _repr_html_(self) -> str:
        sides = [("validation", self.validation)]
        sides += [("test", self.test)] if self.test is not None else []
        rows = [
            (
                split,
                self.words.score(side.dense_score),
                self.words.score(side.before.score),
                self.words.score(side.after.score),
                self.words.gain(side.gain),
            )
            for split, side in sides
        ]
        columns = ("split", "dense", "pruned", "fine-tuned", "gain")
        note = f"Best epoch: {self.best_epoch} of {self.settings.epochs}; {self.ending}."
        notes = [note, self.happenings()]
        return table(f"Fine-tuning of {self.plan.name!r}", columns, rows, notes)

    @property
    def before(self) -> EvaluationSums:
        """The pruned model on the validation split."""
        return self.validation.before

    @property
    def after(self) -> EvaluationSums:
        """The fine-tuned model on the validation split."""
        return self.validation.after


def result_folder(study: Path, plan: Plan, schedule: Schedule = "at once") -> Path:
    """Return where the fine-tuned weights of ``plan`` are kept in the study's folder.

    Args:
        study: Its folder.
        plan: Of the study.
        schedule: How it was reached; the results of the others stay beside it.
    """
    return study / FOLDER / f"{plan.digest}{_SUFFIXES[schedule]}"


def best_folder(study: Path, plan: Plan) -> Path:
    """Return the folder of the best fine-tuning of ``plan``, by whatever schedule.

    Best is the highest validation score; at once, where none is there.
    """
    known = results_of(study, plan)
    best = max(known, key=lambda name: known[name].after.score, default=SCHEDULES[0])
    return result_folder(study, plan, best)


def results_of(study: Path, plan: Plan) -> dict[Schedule, FineTuned]:
    """Return the fine-tunings of ``plan`` that are there, by schedule."""
    known: dict[Schedule, FineTuned] = {}
    for schedule in SCHEDULES:
        with contextlib.suppress(BadReference, DamagedFile):
            known[schedule] = read_result(result_folder(study, plan, schedule))
    return known


def read_result(folder: Path) -> FineTuned:
    """Return the result in ``folder``.

    Raises:
        BadReference: Nothing was fine-tuned there.
        DamagedFile: The file does not hold a result.
    """
    path = folder / RESULT
    if not path.is_file():
        raise BadReference(
            f"Expected a fine-tuned plan in {folder}, but there is none. Run: "
            f"{next_steps.fine_tune()}."
        )
    return read_document(FineTuned, path)
