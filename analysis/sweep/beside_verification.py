"""What is stored beside a plan's measurement: its answers sample by sample, its units' scores."""

from dataclasses import dataclass

from torch import Tensor

from prunescope.bench.device import on_host
from prunescope.bench.evaluate import Outcome
from prunescope.bench.workbench import Workbench
from prunescope.criteria.scores import Scores
from prunescope.store.folder import StudyFolder
from prunescope.store.plan_answers import PlanAnswers
from prunescope.store.unit_scores import UnitScores
from prunescope.study import MEASUREMENT_VERSION, Manifest, measurement_version
from prunescope.study.method import BLOCK, UNITS
from prunescope.study.plan import Plan

_DIGITS = 4
"""Of a confidence, which people read as a percentage."""


@dataclass(frozen=True)
class Beside:
    """What one measurement of a plan gives besides its row.

    Attributes:
        answers: Sample by sample; None where the network answers no single class to a sample.
        units: Scores of the units of every group that the plan takes some of.
    """

    answers: PlanAnswers | None
    units: tuple[UnitScores, ...]


def beside(
    bench: Workbench, plan: Plan, split: str, dense: Outcome, pruned: Outcome, scores: Scores
) -> Beside:
    """Return what is stored beside the measurement of ``plan`` on ``split``.

    Args:
        bench: Of the study.
        plan: What was measured.
        split: Its name.
        dense: The dense network after the same recovery, on the same samples.
        pruned: What the plan left.
        scores: By which the plan's units were chosen.
    """
    return Beside(
        answers_of(bench, plan, split, dense, pruned) if split == "validation" else None,
        tuple(
            UnitScores(
                bench.manifest.fingerprint, MEASUREMENT_VERSION, name, criterion, seed,
                tuple(on_host(scores.by_group(criterion, seed)[name]).double().tolist()),
            )
            for name, criterion, seed in wanted_units(plan, bench.manifest)
        ),
    )  # fmt: skip


def answers_of(
    bench: Workbench, plan: Plan, split: str, dense: Outcome, pruned: Outcome
) -> PlanAnswers | None:
    """Return both networks' answers; None where a sample has no single class for an answer."""
    samples = len(dense.score)
    rows = [outcome.log_probabilities for outcome in (dense, pruned)]
    if any(table is None or len(table) != samples for table in rows):
        return None
    labels = bench.metric.labels(bench.splits.named(split).targets)
    one, two = (_answered(outcome) for outcome in (dense, pruned))
    return PlanAnswers(
        bench.manifest.fingerprint, measurement_version(plan.recovery), plan.digest, split,
        plan.recovery, samples,
        () if labels is None or labels.shape != (samples,) else tuple(on_host(labels).tolist()),
        one[0], two[0], one[1], two[1],
    )  # fmt: skip


def wanted_units(plan: Plan, manifest: Manifest) -> list[tuple[str, str, int]]:
    """Return group, criterion and seed of every choice of ``plan`` that removes single units."""
    names = {group.name for group in manifest.groups}
    return [
        (name, choice.criterion, plan.seed)
        for name, choice in plan.active().items()
        if choice.granularity in UNITS and choice.granularity != BLOCK and name in names
    ]


def lacking(bench: Workbench, study: StudyFolder, plan: Plan, split: str) -> bool:
    """Return whether measuring ``plan`` again would store something that ``study`` has not."""
    wanted = set(wanted_units(plan, bench.manifest))
    if wanted - {row.named for row in study.scored_units()}:
        return True
    table = bench.dense.log_probabilities
    answers = split == "validation" and table is not None and len(table) == len(bench.dense.score)
    return answers and plan.digest not in study.answered()


def store(study: StudyFolder, made: Beside) -> None:
    """Add what ``study`` has not yet."""
    if made.answers is not None and made.answers.digest not in study.answered():
        study.answers.append([made.answers])
    known = {row.named for row in study.scored_units()}
    study.unit_scores.append([row for row in made.units if row.named not in known])


def _answered(outcome: Outcome) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """The classes and how sure the network is of them; -1 and NaN where it gives no number."""
    assert outcome.log_probabilities is not None
    sure, answers = map(on_host, outcome.log_probabilities.max(1))
    finite = on_host(outcome.finite)
    return (
        tuple(answers.where(finite, -1).tolist()),
        tuple(round(value, _DIGITS) for value in _shares(sure, finite).tolist()),
    )


def _shares(sure: Tensor, finite: Tensor) -> Tensor:
    return sure.double().exp().where(finite, float("nan"))
