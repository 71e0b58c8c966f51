"""What a job has measured of the best few plans: the draft, or offered where nothing waits."""

from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import streamlit as st

from prunescope.dashboard.shared import loaders, rights, session
from prunescope.dashboard.shared.goal_form import BUDGETS, OBJECTIVES, GoalForm, amount
from prunescope.dashboard.shared.loaders import StudyMeasurements
from prunescope.dashboard.views.plan import goal_controls, plan_solution
from prunescope.errors import PrunescopeError
from prunescope.jobs import Job
from prunescope.planning.pose_goal import solve_posed
from prunescope.planning.search import MEASURED_CANDIDATES, MeasuredCandidates, take_best_measured
from prunescope.store.folder import StudyFolder
from prunescope.store.json_documents import read_document
from prunescope.text import plain
from prunescope.text.scores import ScoreWords, words_of

_ANSWERED: Final = "answered"
"""In a job's folder, once somebody has taken or left what it found."""


@dataclass(frozen=True)
class Offered:
    """What a job measured that nothing on the page waits for any more.

    Attributes:
        candidates: What it found.
        folder: The job's.
        wanted: What was asked; None where another session asked.
    """

    candidates: MeasuredCandidates
    folder: Path
    wanted: GoalForm | None = None


def read(opened: StudyFolder, job: Job) -> MeasuredCandidates:
    """Return what ``job`` found.

    Raises:
        PrunescopeError: Nothing readable, or plans for another network.
    """
    found = read_document(MeasuredCandidates, job.folder / MEASURED_CANDIDATES)
    found.tried[0].proposal.plan.require(opened.manifest)
    return found


def put(opened: StudyFolder, found: Offered) -> None:
    """Offer it until somebody opens or leaves it."""
    st.session_state[_offered(opened)] = found


def withdraw(opened: StudyFolder) -> None:
    """Offer nothing any more."""
    st.session_state.pop(_offered(opened), None)


def recall(opened: StudyFolder, newest: Job | None) -> None:
    """Offer what ``newest`` found while no session of the study was open."""
    if newest is None or _offered(opened) in st.session_state:
        return
    if newest.state() != "done" or (newest.folder / _ANSWERED).exists():
        return
    try:
        put(opened, Offered(read(opened, newest), newest.folder))
    except PrunescopeError:  # of other weights, or damaged: nothing to open, and nobody asked
        _answer(newest.folder)


def offer(opened: StudyFolder) -> None:
    """Show what was measured for another draft or another session, to open or to leave."""
    found: Offered | None = st.session_state.get(_offered(opened))
    if found is None:
        return
    why = "as the plan or the goal is another by now" if found.wanted else "as nobody was here"
    with st.container(border=True, key="settled"):
        st.markdown(
            f"**Measured{_asked(found.wanted)}, not opened**, {why}: "
            f"{plain.text(sentence(found.candidates, words_of(opened.manifest)))}"
        )
        with st.container(horizontal=True):
            st.button(
                "Open the best", key="open settled", icon=":material/folder_open:", type="primary",
                on_click=_open, args=(opened, found),
            )  # fmt: skip
            st.button("Leave it", key="leave settled", on_click=_leave, args=(opened, found))


def take_best(
    opened: StudyFolder,
    known: StudyMeasurements,
    wanted: GoalForm,
    found: MeasuredCandidates,
    folder: Path,
) -> None:
    """Make the best of the measured plans the draft, with what is known of its costs."""
    _answer(folder)
    try:
        made = plan_solution.posed(opened, known, wanted)
        solution = take_best_measured(made, solve_posed(made, wanted.limits()), found.tried)
    except PrunescopeError as error:
        plan_solution.refuse(opened, str(error))
        return
    plan_solution.take(opened, wanted, solution, found)


def sentence(found: MeasuredCandidates, in_words: ScoreWords) -> str:
    """Return what was measured and who won, for people."""
    words = OBJECTIVES.get(found.objective, found.objective)
    return found.describe(words, lambda value: amount(found.objective, value, in_words))


def _asked(wanted: GoalForm | None) -> str:
    """The budgets that were asked for, where that is known."""
    if wanted is None:
        return ""
    limits = [f"{BUDGETS[kind]} {percent:g} %" for kind, percent in wanted.budgets.items()]
    return f" for {', '.join(limits)}"


def _open(opened: StudyFolder, found: Offered) -> None:
    known = loaders.measured(opened)
    wanted = goal_controls.asked(opened, known)
    if found.wanted == wanted:
        take_best(opened, known, wanted, found.candidates, found.folder)
    else:
        plan = found.candidates.tried[0].proposal.plan
        session.turn(plan)
        session.edit(opened, replace(plan, name=session.draft(opened).plan.name))
    _leave(opened, found)


def _leave(opened: StudyFolder, found: Offered) -> None:
    _answer(found.folder)
    withdraw(opened)


def _answer(folder: Path) -> None:
    """No session offers it any more; where that cannot be noted, the next one does again."""
    if rights.locked():
        return
    with suppress(OSError):
        (folder / _ANSWERED).touch()


def _offered(opened: StudyFolder) -> str:
    return f"settled {session.draft_key(opened)}"
