"""One plan against another: what the score gains, and what is done more or less."""

from dataclasses import dataclass

from prunescope.curves.curve import Curves
from prunescope.curves.dense import dense_score
from prunescope.planning.measured_apart import StoredAnswers, measured_apart
from prunescope.planning.measured_plans import MeasuredPlans
from prunescope.planning.pose_goal import Predicted
from prunescope.planning.preview import preview
from prunescope.statistics.paired import Interval
from prunescope.study import Manifest
from prunescope.study.plan import Plan
from prunescope.text.scores import ScoreWords
from prunescope.text.units import percent


@dataclass(frozen=True)
class AgainstReference:
    """How a plan differs from a reference.

    Attributes:
        reference: Name of the reference.
        gain: Score less the reference's, as stored, better being positive; None where it is not
            known of both.
        measured: Whether both were measured; else both are predicted, so that what a predictor
            mistakes of both alike does not count.
        cost: What ``change`` is of: ``MACs``, or ``parameters`` where none are counted.
        change: What the plan keeps less what the reference keeps, as a fraction of the latter.
        same: Whether both do the same.
        interval: Of ``gain`` over samples like these, 95 %; None unless both were measured. What is
            predicted of two plans errs together, by how much nobody has judged.
    """

    reference: str
    gain: float | None
    measured: bool
    cost: str
    change: float
    same: bool
    interval: Interval | None = None

    def words(self, words: ScoreWords) -> str:
        """Return it in a few words.

        >>> from prunescope.text.scores import PERCENT_WORDS
        >>> AgainstReference("x", -0.004, True, "MACs", -0.12, False).words(PERCENT_WORDS)
        '−0.40 pt measured, −12.0 % MACs'
        >>> apart = Interval(-0.004, -0.007, -0.001)
        >>> AgainstReference("x", -0.004, True, "MACs", -0.12, False, apart).words(PERCENT_WORDS)
        '−0.40 pt (−0.70 to −0.10 pt) measured, −12.0 % MACs'
        """
        if self.same:
            return "the same"
        how = "measured" if self.measured else "predicted"
        span = "" if self.interval is None else f" ({words.gain_span(self.interval)})"
        gain = "score unknown" if self.gain is None else f"{words.gained(self.gain)}{span} {how}"
        return f"{gain}, {percent(self.change, sign=True)} {self.cost}"


def against_reference(
    manifest: Manifest, curves: Curves, predicted: Predicted, measured: MeasuredPlans,
    plan: Plan, reference: Plan, answers: StoredAnswers = lambda _: None,
) -> AgainstReference:  # fmt: skip
    """Return how ``plan`` differs from ``reference``, both of one study.

    Args:
        manifest: Of the study.
        curves: Of the study.
        predicted: What is expected of a plan.
        measured: What measured plans did.
        plan: The one.
        reference: What it is compared with.
        answers: Asked of plans that were both measured, to pair them sample by sample.
    """
    scores = [measured.score(one) for one in (plan, reference)]
    known = None not in scores
    if not known:
        drops = [predicted(one).drop for one in (plan, reference)]
        scores = [
            None if drop is None else dense_score(manifest, curves, one.recovery) - drop
            for one, drop in zip((plan, reference), drops, strict=True)
        ]
    own, other = scores
    sizes = [preview(manifest, one, curves) for one in (plan, reference)]
    cost = "MACs" if manifest.macs else "parameters"
    kept = [size.macs if manifest.macs else size.kept for size in sizes]
    return AgainstReference(
        reference.name, None if own is None or other is None else own - other, known, cost,
        kept[0] / max(kept[1], 1) - 1, plan.digest == reference.digest,
        _apart(measured, plan, reference, answers) if known else None,
    )  # fmt: skip


def _apart(
    measured: MeasuredPlans, plan: Plan, reference: Plan, answers: StoredAnswers
) -> Interval | None:
    one, other = measured(plan), measured(reference)
    assert one is not None
    assert other is not None
    return measured_apart(one, other, (answers(plan), answers(reference)))
