"""One row per measured point, and one per verified plan."""

from dataclasses import dataclass, replace
from typing import Final, Self

from prunescope.statistics.paired import Interval, paired_interval
from prunescope.store.removed_units import UNKNOWN
from prunescope.study.computations import ORDINARY, joined
from prunescope.study.point import KEY, Key

_SUMS: Final = (
    "samples", "score_sum", "drop_sum", "drop_squares", "entropy_sum", "entropy_squares",
    "divergence_sum", "divergence_squares", "agreements", "nonfinite",
)  # fmt: skip
VERIFICATION_KEY: Final = ("fingerprint", "version", "digest", "split")


@dataclass(frozen=True)
class Measurement:
    """One layer or group pruned, the rest dense, evaluated on the validation split.

    All sums run over samples; differences are dense minus pruned (score) or pruned minus dense
    (cross-entropy), paired sample by sample.

    Attributes:
        fingerprint: Of weights, graph, data and metric.
        version: The engine's measurement version.
        subject: Layer or group name.
        criterion: Name of the criterion.
        granularity: ``weight``, ``channel``, ``head`` or ``n:m``.
        sparsity: As asked, 0 to 1.
        recovery: ``none``, ``bn`` or ``ls``.
        seed: Of whatever is random.
        removed: Weights or units removed.
        total: Weights or units that there were.
        compressed_bytes: Of the pruned weight, deflated (zlib level 6), 0 when not taken.
        samples: Evaluated so far: the first ``samples`` of the study's order
            (``prunescope.study.sample_order``); all sums run over them.
        population: Samples of the validation split; a row with fewer ``samples`` is partial.
        score_sum: Sum of the pruned model's scores.
        drop_sum: Sum of score differences.
        drop_squares: Sum of squared score differences.
        entropy_sum: Sum of cross-entropy changes in nats; NaN without class logits.
        entropy_squares: Sum of their squares.
        divergence_sum: Sum of KL(dense ‖ pruned) in nats; NaN without class logits.
        divergence_squares: Sum of their squares.
        agreements: Samples on which both models predict the same class; -1 without classes.
        nonfinite: Samples for which the pruned model gave NaN or infinity (scored 0).
        class_correct: Rightly classified samples per class; empty without class labels.
        others: Of each metric that is stored beside the drawn one, ``score_sum``, ``drop_sum`` and
            ``drop_squares`` (``prunescope.study.other_metric``).
        computed_on: Device and precision (``prunescope.study.computations``).
        repeated: Whether it was measured again in single precision, in place of a row of lower
            precision.
    """

    fingerprint: str
    version: int
    subject: str
    criterion: str
    granularity: str
    sparsity: float
    recovery: str
    seed: int
    removed: int
    total: int
    compressed_bytes: int
    samples: int
    population: int
    score_sum: float
    drop_sum: float
    drop_squares: float
    entropy_sum: float
    entropy_squares: float
    divergence_sum: float
    divergence_squares: float
    agreements: int
    nonfinite: int
    class_correct: tuple[int, ...]
    others: tuple[float, ...] = ()
    computed_on: str = ORDINARY
    repeated: bool = False

    @property
    def key(self) -> Key:
        """What identifies the point: no other measurement is ever shown under it."""
        return tuple(getattr(self, name) for name in KEY)

    def plus(self, more: Self) -> Self:
        """Return the row over both: ``more`` holds the samples that follow in the order."""
        summed = {name: getattr(self, name) + getattr(more, name) for name in _SUMS}
        if self.agreements < 0:
            summed["agreements"] = -1
        classes = tuple(
            own_correct + more_correct
            for own_correct, more_correct in zip(
                self.class_correct, more.class_correct, strict=True
            )
        )
        both = joined(self.computed_on, more.computed_on)
        others = tuple(a + b for a, b in zip(self.others, more.others, strict=True))
        return replace(self, **summed, class_correct=classes, others=others, computed_on=both)


@dataclass(frozen=True)
class Verification:
    """A whole plan, really applied and evaluated.

    Attributes:
        digest: Of the plan's content (not its name).
        plan: The plan as JSON.
        split: ``validation`` or ``test``.
        predicted_drop: What was predicted before measuring; NaN when nothing was.
        predictor: Name of the predictor that said so, or empty.
        removed: Parameters zeroed or gone.
        bytes: Dense bytes of the pruned model.
        removed_units: Which units left, by index (``prunescope.store.removed_units``); empty where
            it was measured before they were stored.
        Others as in ``Measurement``.
    """

    fingerprint: str
    version: int
    digest: str
    plan: str
    split: str
    predicted_drop: float
    predictor: str
    removed: int
    bytes: int
    samples: int
    score_sum: float
    drop_sum: float
    drop_squares: float
    entropy_sum: float
    divergence_sum: float
    agreements: int
    nonfinite: int
    class_correct: tuple[int, ...]
    others: tuple[float, ...] = ()
    computed_on: str = ORDINARY
    removed_units: str = UNKNOWN

    @property
    def score(self) -> float:
        """Mean score of the pruned model."""
        return self.score_sum / self.samples

    @property
    def drop(self) -> Interval:
        """Mean drop against the dense model, positive is worse, with its paired interval."""
        return paired_interval(self.samples, self.drop_sum, self.drop_squares)
