"""The settings and results of a fine-tuning, as a file in the study. Torch-free."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from prunescope.commands import next_steps
from prunescope.errors import BadReference, BadValue
from prunescope.html_tables import table
from prunescope.recovery.training.training_curve import RangeTest, Reading
from prunescope.statistics.paired import Interval, paired_interval
from prunescope.store.json_documents import read_document
from prunescope.study.bounds import SEED
from prunescope.study.plan import Plan
from prunescope.text.numbers import exact
from prunescope.text.scores import PERCENT_WORDS, ScoreWords

FOLDER: Final = "recovered"
RESULT: Final = "result.json"
WEIGHTS: Final = "weights.safetensors"


_USUAL_RATE: Final = 0.01


@dataclass(frozen=True)
class FineTuning:
    """How to train what a plan keeps.

    Attributes:
        epochs: Passes over the calibration split.
        rate: Peak learning rate, reached after the warm-up, falling to 0 along a cosine; None for
            one that a short range test chooses.
        batch: Samples per step; an epoch's batches differ by one sample at most.
        momentum: Of the gradient, 0 to below 1.
        decay: L2 penalty on weights of two or more dimensions; biases and norms have none.
        warmup: Fraction of all steps in which the rate climbs from 0, 0 to 1.
        distillation: Weight of the dense model's outputs in the loss against the labels', 0 to 1;
            at 1 no labels are read.
        temperature: By which logits are divided before they are compared with the dense model's.
        seed: Of the order of samples and of dropout.
    """

    epochs: int = 5
    rate: float | None = None
    batch: int = 64
    momentum: float = 0.9
    decay: float = 1e-4
    warmup: float = 0.05
    distillation: float = 0.9
    temperature: float = 3.0
    seed: int = 0

    def __post_init__(self) -> None:
        _within("epochs", self.epochs, 1, 100_000, "Ask for a few passes, such as 10.")
        _within("batch", self.batch, 2, 1 << 20, "Batch norm needs two samples to vary.")
        if self.rate is not None:
            _within("rate", self.rate, 0, 10, "Try 0.01.", above=True)
        _within("momentum", self.momentum, 0, 0.9999, "Try 0.9.")
        _within("decay", self.decay, 0, 1, "Try 0.0001.")
        _within("warmup", self.warmup, 0, 1, "It is a fraction of all steps: try 0.05.")
        _within(
            "distillation", self.distillation, 0, 1, "0 is labels only, 1 the dense model only."
        )
        SEED.checked(self.seed)
        _within("temperature", self.temperature, 0, 100, "Try 3.", above=True)

    @property
    def peak(self) -> float:
        """The peak learning rate; before one is chosen, a usual one."""
        return _USUAL_RATE if self.rate is None else self.rate


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
        best_epoch: Whose weights are kept; 0 when no epoch was better than the pruned model.
        ending: ``finished``, ``cancelled``, or ``diverged``: the loss was no number any more.
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
    """

    plan: Plan
    settings: FineTuning
    curve: tuple[Reading, ...]
    best_epoch: int
    ending: Literal["finished", "cancelled", "diverged"]
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

    def happenings(self) -> str:
        """Return how the rate came about, what diverged, and whether it was stopped, in words."""
        parts = [
            self.range_test.sentence() if self.range_test
            else f"The rate {(self.diverged_at or (self.settings.peak,))[0]:g} was asked for."
        ]  # fmt: skip
        if self.diverged_at:
            given_up = " and ".join(f"{rate:g}" for rate in self.diverged_at)
            parts.append(
                f"At {given_up} the loss was no number any more; training began again at "
                f"{self.settings.peak:g}."
            )
        if self.resumed:
            times = "once" if self.resumed == 1 else f"{self.resumed} times"
            parts.append(f"It was stopped and gone on with {times}.")
        return " ".join(parts)

    def ending_sentence(self) -> str:
        """Return how it ended and what is kept."""
        if self.ending == "diverged":
            return "It diverged: the loss was no number any more. Lower the learning rate."
        kept = f"Kept: epoch {self.best_epoch}." if self.best_epoch else (
            "No epoch was better than the pruned model itself, which is kept."
        )  # fmt: skip
        stopped = "It was stopped; the same command goes on from there. "
        return (stopped if self.ending == "cancelled" else "") + kept

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


def result_folder(study: Path, plan: Plan) -> Path:
    """Return where the fine-tuned weights of ``plan`` are kept in the study's folder."""
    return study / FOLDER / plan.digest


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


def _within(
    name: str, value: float, low: float, high: float, hint: str, above: bool = False
) -> None:
    if math.isfinite(value) and low <= value <= high and not (above and value == low):
        return
    allowed = f"above {low:g}" if above else f"at least {low:g}"
    most = exact(int(high)) if float(high).is_integer() else f"{high:g}"
    allowed += "" if high == math.inf else f" and at most {most}"
    raise BadValue(f"Expected {name} to be {allowed}, but got {value!r}. {hint}")
