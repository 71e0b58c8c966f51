"""Schedules of one plan beside each other at equal training time. Torch-free."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from prunescope.recovery.training.fine_tuning_report import FineTuned, results_of
from prunescope.study.plan import Plan
from prunescope.text.durations import spoken


def score_within(result: FineTuned, seconds: float) -> float | None:
    """Return the best validation score that ``result`` had reached by then; None before any.

    Of a gradual schedule only the last round counts: before it, the plan is not reached.
    """
    first = result.rounds[-2].step if len(result.rounds) > 1 else -1
    scores = [
        reading.score
        for reading in result.curve
        if reading.score is not None and reading.seconds <= seconds and reading.step > first
    ]
    return max(scores) if scores else None


def compared(results: Iterable[FineTuned]) -> str | None:
    """Return in a sentence what ``results`` gave within the time of the shortest; None of one.

    Args:
        results: Of one plan, each by another schedule.
    """
    known = list(results)
    if len(known) < 2:
        return None
    shortest = min(result.seconds for result in known)
    parts = []
    for result in known:
        score = score_within(result, shortest + 1)
        reached = "not there yet" if score is None else result.words.score(score)
        parts.append(f"{result.schedule_words()} {reached}")
    return f"Within {spoken(shortest)} of training: {', '.join(parts)}."


def compared_with(study: Path, plan: Plan, result: FineTuned) -> str | None:
    """Return the same of all fine-tunings of ``plan``, or None where ``result`` is the only one.

    Args:
        study: Its folder.
        plan: Of the study.
        result: One of them, as somebody sees it now.
    """
    return compared((results_of(study, plan) | {result.schedule: result}).values())


def schedules_in_words(tuned: Mapping[str, Iterable[FineTuned]]) -> list[str]:
    """Return a sentence for each plan that was fine-tuned: its schedules and their scores.

    Args:
        tuned: Plan's name → its fine-tunings.
    """
    return [
        f"Plan {name} was fine-tuned "
        + ", ".join(
            f"{each.schedule_words()} to {each.words.score(each.after.score)}" for each in results
        )
        + "."
        for name, results in ((name, list(known)) for name, known in tuned.items())
        if results
    ]
