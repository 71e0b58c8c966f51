"""Pruning at once and in rounds, beside each other at equal training time. Torch-free."""

from pathlib import Path

from prunescope.errors import BadReference, DamagedFile
from prunescope.recovery.training.fine_tuning_report import (
    FineTuned,
    read_result,
    result_folder,
)
from prunescope.study.plan import Plan
from prunescope.text.durations import spoken


def both_schedules(study: Path, plan: Plan) -> tuple[FineTuned | None, FineTuned | None]:
    """Return the fine-tunings of ``plan`` that are there: at once, in rounds."""
    known: list[FineTuned | None] = []
    for gradual in (False, True):
        try:
            known.append(read_result(result_folder(study, plan, gradual)))
        except (BadReference, DamagedFile):
            known.append(None)
    return known[0], known[1]


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


def compared(study: Path, plan: Plan, result: FineTuned) -> str | None:
    """Return in a sentence what both gave within the time of the shorter, or None without both.

    Args:
        study: Its folder.
        plan: Of the study.
        result: The one of them that is as somebody sees it now.
    """
    at_once, gradual = both_schedules(study, plan)
    at_once, gradual = (at_once, result) if result.gradual else (result, gradual)
    if at_once is None or gradual is None:
        return None
    words, shorter = result.words, min(at_once.seconds, gradual.seconds)
    scores = [score_within(each, shorter + 1) for each in (at_once, gradual)]
    told = [
        f"{name} {words.score(score)}" if score is not None else f"{name} not there yet"
        for name, score in zip(("at once", f"in {len(gradual.rounds)} rounds"), scores, strict=True)
    ]
    return f"Within {spoken(shorter)} of training: {', '.join(told)}."
