"""A study in three sentences and a next step, each measured or with its error. Torch-free."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from prunescope.curves.curve import Curves
from prunescope.curves.guessing import at_chance
from prunescope.curves.most_sensitive import most_sensitive
from prunescope.curves.seeds import mean_curves
from prunescope.errors import PrunescopeError
from prunescope.planning.by_recovery import measured_recoveries, recovery_words
from prunescope.planning.measured_plans import MeasuredPlan
from prunescope.planning.pose_goal import PosedGoal, StudyKnowledge, solve_posed
from prunescope.planning.preview import preview
from prunescope.planning.solve import Goal, Target
from prunescope.study import Manifest
from prunescope.study.method import UNITS
from prunescope.study.plan import Plan
from prunescope.study.recoveries import RECOVERIES
from prunescope.text.scores import ScoreWords, words_of
from prunescope.text.units import percent


class NextStep(Enum):
    """What is worth doing next."""

    SWEEP = "Measure curves: nothing is known of this network yet."
    MEASURE = "Measure a plan: so far all plans are predictions."
    RELAX = (
        "Accept to lose more, or measure curves with another recovery: no plan is within it yet."
    )
    EXPORT = "Export the best plan, or measure one that goes further."


_COSTS: Final = {"macs": "MACs", "parameters": "weights"}


@dataclass(frozen=True)
class MeasuredBest:
    """The measured plan that keeps least within the accepted drop, or the one that lost least.

    Attributes:
        plan: The plan.
        measured: What it did on the validation split.
        kept: Fraction of the cost that it keeps.
        within: Whether its mean drop is within the accepted one.
    """

    plan: Plan
    measured: MeasuredPlan
    kept: float
    within: bool


@dataclass(frozen=True)
class Overview:
    """What a study says so far.

    Attributes:
        sensitive: Which layers hurt most; None before any is measured near one half.
        reachable: How much can go within the accepted drop, as predicted.
        best: What the best measured plan did.
        step: What is worth doing next.
        reached: The plan that ``reachable`` is about, or None.
        measured: The plan that ``best`` is about, or None.
    """

    sensitive: str | None
    reachable: str | None
    best: str
    step: NextStep
    reached: Plan | None = None
    measured: MeasuredBest | None = None

    def sentences(self) -> tuple[str, ...]:
        """Return what there is to say, in order."""
        return tuple(text for text in (self.sensitive, self.reachable, self.best) if text)


def overview(known: StudyKnowledge, accepted: float) -> Overview:
    """Return what is known of a study.

    Args:
        known: The study and what it holds.
        accepted: Largest drop that is accepted, as stored.
    """
    manifest, words = known.study.manifest, words_of(known.study.manifest)
    cost = _cost(known.curves)
    best = _best(known, cost, accepted)
    told = _best_told(best, cost, accepted, words)
    if not known.curves:
        return Overview(None, None, told, NextStep.SWEEP, measured=best)
    sensitive = most_sensitive(mean_curves(known.curves).values(), manifest, words)
    if at_chance(manifest):
        reachable, plan = (
            "Nothing can be lost here: the dense score is no better than chance.",
            None,
        )
    else:
        reachable, plan = _reachable(known, cost, accepted, words)
        if plan is None and best is not None and best.within:
            reachable = None  # what was measured says more
    step = NextStep.EXPORT if best and best.within else NextStep.MEASURE
    if plan is None and step is NextStep.MEASURE:
        step = NextStep.RELAX
    return Overview(sensitive, reachable, told, step, plan, best)


def _cost(curves: Curves) -> str:
    """What a plan can save: MACs once units are measured, as zeros save none."""
    return "macs" if any(key.method.granularity in UNITS for key in curves) else "parameters"


def _kept(manifest: Manifest, curves: Curves, plan: Plan, cost: str) -> float:
    size = preview(manifest, plan, curves)
    if cost == "macs":
        return size.macs / max(manifest.macs, 1)
    return 1 - size.removed / max(manifest.parameters, 1)


def _reachable(
    known: StudyKnowledge, cost: str, accepted: float, words: ScoreWords
) -> tuple[str, Plan | None]:
    """The smallest plan that is predicted to be within ``accepted``, by any recovery."""
    manifest = known.study.manifest
    least: tuple[float, Plan, PosedGoal] | None = None
    for recovery in measured_recoveries(known.curves):
        try:
            posed = known.pose(Goal((Target("drop", accepted),), cost, recovery))
            plan = solve_posed(posed).plan
        except PrunescopeError:
            continue
        kept = _kept(manifest, known.curves, plan, cost)
        if plan.active() and (least is None or kept < least[0]):
            least = kept, plan, posed
    limit = words.limit(accepted)
    if least is None:
        return f"No plan of what is measured is predicted to stay within {limit}.", None
    kept, plan, posed = least
    said = (
        f"Within {limit} about {percent(1 - kept, 0)} of the {_COSTS[cost]} can go, "
        f"{recovery_words(plan.recovery)}"
    )
    measured = known.measured(plan)
    if measured is not None:
        return (
            f"{said}: measured {words.drop(measured.drop.mean)} "
            f"({words.span(measured.drop)}, 95 %).",
            plan,
        )
    return f"{said}: predicted {posed.predicted(plan).drop_in_words()}.", plan


def _best(known: StudyKnowledge, cost: str, accepted: float) -> MeasuredBest | None:
    every = list(_measured(known, cost, accepted))
    within = [each for each in every if each.within]
    if within:
        return min(within, key=lambda each: (each.kept, each.measured.drop.mean))
    return min(every, key=lambda each: each.measured.drop.mean, default=None)


def _measured(known: StudyKnowledge, cost: str, accepted: float) -> Iterator[MeasuredBest]:
    manifest = known.study.manifest
    for recovery in RECOVERIES:
        for plan, measured in known.measured.with_recovery(recovery):
            if plan.active():
                kept = _kept(manifest, known.curves, plan, cost)
                yield MeasuredBest(plan, measured, kept, measured.drop.mean <= accepted)


def _best_told(best: MeasuredBest | None, cost: str, accepted: float, words: ScoreWords) -> str:
    if best is None:
        return "No plan has been measured yet."
    drop = best.measured.drop
    did = (
        f"keeps {percent(best.kept, 0)} of the {_COSTS[cost]}, "
        f"{recovery_words(best.plan.recovery)}: "
        f"{words.loss_word} {words.drop(drop.mean)} ({words.span(drop)}, 95 %)"
    )
    if best.within:
        return f"The best plan measured so far {did}."
    return (
        f"No plan measured so far is within {words.limit(accepted)}; the one that lost least {did}."
    )
