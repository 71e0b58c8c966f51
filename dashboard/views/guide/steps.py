"""The steps of the guide: where each is done, what to do there, and what the study says to it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from prunescope.dashboard.shared import loaders, plan_summary, session, study_stamps
from prunescope.dashboard.views.show.stops import closely, plan_line
from prunescope.store.folder import StudyFolder


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes:
        title: What is learnt, in a few words.
        page: Path of the page where it is done.
        do: What to look at or to press there.
        says: What the study itself says to it, the sentence that the tour says too; None where
            the page says it already. Only asked on the step's own page.
        done: Whether it was done.
    """

    title: str
    page: str
    do: str
    says: Callable[[StudyFolder, float], str] | None
    done: Callable[[StudyFolder], bool]


def _curve(opened: StudyFolder, limit: float) -> str:
    said = closely(opened, limit)
    return f"{said[0]}: {said[1]}" if said else "The first points appear within seconds."


def _promised(opened: StudyFolder, _limit: float) -> str:
    plan = session.draft(opened).plan
    return f"This one: {plan_line(opened, plan)}." if plan.active() else ""


def _removes(opened: StudyFolder) -> bool:
    return bool(session.draft(opened).plan.active())


def _measured(opened: StudyFolder) -> bool:
    plan = session.draft(opened).plan
    return plan_summary.measured_row(loaders.verified(opened), plan) is not None


STEPS: Final = (
    Step(
        "Read a curve", "curves",
        "To the right more of one layer leaves, the others stay dense; the band is what chance "
        "leaves open. Choose another layer in the table.",
        _curve, study_stamps.any_measured,
    ),
    Step(
        "Choose a drop", "study",
        "Say in *Accepted drop* what may be lost; the sentences of *So far* keep to it.",
        None, study_stamps.any_measured,
    ),
    Step(
        "Solve", "plan",
        "Pull the budget to the left: the sparsities that lose least within it are solved for at "
        "once. Paint over the bars to change them, press L on one to lock it.",
        None, _removes,
    ),
    Step(
        "Measure", "plan",
        "A plan that rests is really applied and measured by itself; then the line on top says "
        "*predicted | measured*. Go on once it does.",
        None, _measured,
    ),
    Step(
        "Export", "export",
        "Choose formats and press *Export and verify*: every file is opened again in a fresh "
        "process and compared with what the pages promised, before it is offered.",
        _promised, lambda opened: bool(loaders.exported(opened)),
    ),
)  # fmt: skip
