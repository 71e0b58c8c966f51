"""The same goal solved with every recovery that a study holds curves of, side by side.

A plan belongs to one recovery. The one that was asked for stays in force; where another recovery
keeps more of the score within the same budgets, that is said first, with what to type for it.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from prunescope.commands import next_steps
from prunescope.curves.curve import Curves
from prunescope.curves.dense import dense_score
from prunescope.errors import PrunescopeError
from prunescope.planning.chance_level import collapsed, near_chance
from prunescope.planning.prediction.predict import Prediction
from prunescope.study import Manifest, is_control
from prunescope.study.plan import Plan
from prunescope.study.recoveries import REFITS
from prunescope.text.scores import PERCENT_WORDS, ScoreWords

_WORTH: Final = 0.01
"""Another recovery is named as better from one point of the score on."""


@dataclass(frozen=True)
class RecoveryOutcome:
    """What is expected of the best plan with one recovery.

    Attributes:
        recovery: Its name.
        plan: The plan; None where there is none.
        score: Predicted score of the pruned network; None where it cannot be predicted.
        prediction: What is expected of the plan; None without one.
        measured: Score of just this plan as measured on the validation split, if it was.
        refusal: Why there is no plan; empty where there is one.
    """

    recovery: str
    plan: Plan | None
    score: float | None
    prediction: Prediction | None = None
    measured: float | None = None
    refusal: str = ""

    @property
    def best_known(self) -> float | None:
        """The measured score, else the predicted one."""
        return self.score if self.measured is None else self.measured

    def in_words(self, words: ScoreWords) -> str:
        """Return the recovery with its score, as a part of a sentence."""
        if self.plan is None:
            return f"{recovery_words(self.recovery)} no plan"
        if self.best_known is None:
            return f"{recovery_words(self.recovery)} not predicted"
        sure = "measured" if self.measured is not None else "predicted"
        return f"{recovery_words(self.recovery)} {words.score(self.best_known)} {sure}"


def recovery_words(recovery: str) -> str:
    """Return a recovery within a sentence.

    >>> recovery_words("none"), recovery_words("ls")
    ('without recovery', 'with ls')
    """
    return "without recovery" if recovery == "none" else f"with {recovery}"


def measured_recoveries(curves: Curves) -> tuple[str, ...]:
    """Return the recoveries that ``curves`` hold something to solve from, none first."""
    names = {
        key.recovery
        for key, curve in curves.items()
        if curve.points and not is_control(key.method.criterion)
    }
    return tuple(sorted(names, key=lambda name: (name != "none", name)))


def outcome(
    manifest: Manifest,
    curves: Curves,
    recovery: str,
    solve: Callable[[], Plan],
    predict: Callable[[Plan], Prediction],
    measured: Callable[[Plan], float | None] = lambda _: None,
) -> RecoveryOutcome:
    """Return what the best plan with ``recovery`` comes to.

    Args:
        manifest: Of the study.
        curves: Its curves.
        recovery: Which.
        solve: Finds the plan; raises where there is none.
        predict: From a plan to its prediction.
        measured: From a plan to its measured score, or None.
    """
    try:
        plan = solve()
    except PrunescopeError as error:
        return RecoveryOutcome(recovery, None, None, refusal=str(error))
    prediction = predict(plan)
    dense = dense_score(manifest, curves, recovery)
    score = None if prediction.drop is None else dense - prediction.drop
    return RecoveryOutcome(recovery, plan, score, prediction, measured(plan))


def best_alternative(
    outcomes: Sequence[RecoveryOutcome], words: ScoreWords = PERCENT_WORDS
) -> RecoveryOutcome | None:
    """Return the outcome that beats the first one, the plan in force, by a point; None without.

    Where scores are no shares, by one per cent of the dense one.
    """
    own, *others = outcomes
    worth = words.usual(_WORTH)
    known = [each for each in others if each.best_known is not None]
    best = max(known, key=lambda each: each.best_known or 0.0, default=None)
    if best is None or best.best_known is None:
        return None
    if own.best_known is None:
        return best if own.plan is None else None
    return best if best.best_known >= own.best_known + worth else None


def side_by_side(outcomes: Sequence[RecoveryOutcome], words: ScoreWords, how: str = "") -> str:
    """Return what every recovery comes to within the same budgets, the plan in force first.

    Args:
        outcomes: The plan in force first.
        words: Of the study's metric.
        how: How to fine-tune, such as a command in brackets.
    """
    each_one = ", ".join(each.in_words(words) for each in outcomes)
    return f"Within the same budgets: {each_one}; fine-tuned: measure it{how}."


@dataclass(frozen=True)
class Floor:
    """What a ruined plan is judged by.

    Attributes:
        chance: What guessing scores; None where that is not known.
        classes: How many there are; 0 where that is not known.
        dense: The dense network's score.
        words: Of the study's metric.
    """

    chance: float | None
    classes: int
    dense: float
    words: ScoreWords = PERCENT_WORDS


def next_for_ruined(
    outcomes: Sequence[RecoveryOutcome], floor: Floor, study: str, saved: str = "PLAN"
) -> str | None:
    """Return that the plan in force is near chance and what to do next; None where it is not.

    A plan whose outputs have collapsed by its predicted KL may be near chance whatever score is
    predicted of it: that is said too, until it is measured.

    Args:
        outcomes: The plan in force first.
        floor: What it is judged by.
        study: The study's folder, for commands.
        saved: What commands call the plan.
    """
    own = outcomes[0]
    if own.best_known is None or own.prediction is None or own.plan is None:
        return None
    divergence, words = own.prediction.divergence, floor.words
    if near_chance(own.best_known, floor.chance, floor.dense):
        said = (
            f"This plan is near chance: {words.score(own.best_known)} where guessing gets "
            f"{words.score(floor.chance or 0.0)} and the dense network {words.score(floor.dense)}."
        )
    elif own.measured is None and collapsed(divergence, floor.classes):
        said = (
            f"This plan may be near chance: a KL of {divergence:.2f} nats nears the "
            f"log({floor.classes}) = {math.log(floor.classes):.2f} of even odds for all classes, "
            f"where scores cannot be predicted ({words.score(own.best_known)} is)."
        )
    else:
        return None
    if best_alternative(outcomes, words) is not None:
        return said
    if all(each.recovery not in REFITS for each in outcomes):
        methods = tuple(dict.fromkeys(str(c.method) for c in own.plan.active().values()))
        command = next_steps.recovered_curves("ls", study, methods)
        return f"{said} Measure what a recovery saves: {command}."
    command = next_steps.fine_tune(study, saved)
    return f"{said} Train what it keeps, or raise the budget: {command}."
