"""The best few plans, really measured in a job; the best of them becomes the draft."""

from dataclasses import dataclass, replace
from typing import Final

import streamlit as st

from analysis.errors import BadValue, PrunescopeError
from analysis.jobs import ACTIVE, Job, start
from analysis.planning.plan import Plan
from analysis.planning.pose import answer
from analysis.planning.search import SETTLEMENT, Settlement, taken
from analysis.store.documents import read_document
from analysis.store.folder import Study
from dashboard import loaders, session
from dashboard.asked import BUDGETS, OBJECTIVES, Asked, amount
from dashboard.loaders import Measured
from dashboard.views.parts import controls, solving

_KIND: Final = "plan"


@dataclass(frozen=True)
class Begun:
    """A job that measures the best few plans.

    Attributes:
        job: Its id.
        wanted: What was asked; None where another session asked.
        draft: The plan at that time, whatever its name; None where another session asked.
    """

    job: str
    wanted: Asked | None = None
    draft: Plan | None = None


@dataclass(frozen=True)
class Offered:
    """What a job measured that nothing on the page waits for any more."""

    settlement: Settlement
    wanted: Asked | None


def begin(opened: Study, known: Measured, wanted: Asked) -> None:
    """Start to measure the best few plans for what is asked.

    Raises:
        PrunescopeError: Nothing is asked, or no plan keeps the targets.
    """
    if wanted.idle:
        raise BadValue(
            "Expected a budget below 100 %, but all are at the dense network's, which is the best "
            "plan for them. Move a budget first."
        )
    answer(solving.posed(opened, known, wanted), wanted.limits())  # refused here rather than later
    name = session.draft(opened).plan.name
    job = start(opened.folder, wanted.settlement(str(opened.folder), controls.tries(), name))
    st.session_state[_begun(opened)] = Begun(job.id, wanted, _draft(opened))
    st.session_state.pop(_offered(opened), None)


def arrive(opened: Study) -> None:
    """Take what a job has measured as the draft, or offer it where the draft or the goal moved."""
    begun, job = _followed(opened)
    if begun is None or job is None or job.state() in ACTIVE:
        return
    del st.session_state[_begun(opened)]
    snapshot = job.snapshot()
    if snapshot.error:
        solving.refuse(opened, snapshot.error)
    if snapshot.state != "done":
        return
    try:
        found = read_document(Settlement, job.folder / SETTLEMENT)
        found.tried[0].proposal.plan.require(opened.manifest)
    except PrunescopeError as error:
        solving.refuse(opened, str(error))
        return
    known = loaders.measured(opened)
    wanted = controls.asked(opened, known)
    if begun.draft == _draft(opened) and begun.wanted == wanted:
        _settle(opened, known, wanted, found)
    else:
        st.session_state[_offered(opened)] = Offered(found, begun.wanted)


def under_way(opened: Study) -> bool:
    """Return whether the best few are being measured; nothing else moves the draft meanwhile."""
    return _followed(opened)[1] is not None


def offer(opened: Study, known: Measured) -> None:
    """Say that plans are measured, and offer to open what was measured for another draft."""
    if under_way(opened):
        st.caption(
            ":material/science: The best few plans are being measured. The one that loses least "
            "becomes the plan, unless you change the plan or the goal meanwhile."
        )
    found: Offered | None = st.session_state.get(_offered(opened))
    if found is None:
        return
    with st.container(border=True, key="settled"):
        st.markdown(
            f"**Measured{_asked(found.wanted)}, not opened**, as the plan or the goal is another "
            f"by now: {sentence(found.settlement)}"
        )
        with st.container(horizontal=True):
            st.button(
                "Open the best", key="open settled", icon=":material/folder_open:", type="primary",
                on_click=_open, args=(opened, known, found),
            )  # fmt: skip
            st.button("Leave it", key="leave settled", on_click=_leave, args=(opened,))


def sentence(found: Settlement) -> str:
    """Return what was measured and who won, for people."""
    words = OBJECTIVES.get(found.objective, found.objective)
    return found.told(words, lambda value: amount(found.objective, value))


def _asked(wanted: Asked | None) -> str:
    """The budgets that were asked for, where that is known."""
    if wanted is None:
        return ""
    limits = [f"{BUDGETS[kind]} {percent:g} %" for kind, percent in wanted.budgets.items()]
    return f" for {', '.join(limits)}"


def _open(opened: Study, known: Measured, found: Offered) -> None:
    wanted = controls.asked(opened, known)
    if found.wanted == wanted:
        _settle(opened, known, wanted, found.settlement)
    else:
        plan = found.settlement.tried[0].proposal.plan
        session.turn(plan)
        session.edit(opened, replace(plan, name=session.draft(opened).plan.name))
    _leave(opened)


def _leave(opened: Study) -> None:
    st.session_state.pop(_offered(opened), None)


def _settle(opened: Study, known: Measured, wanted: Asked, found: Settlement) -> None:
    """Make the best of the measured plans the draft, with what is known of its costs."""
    made = solving.posed(opened, known, wanted)
    try:
        solution = taken(made, answer(made, wanted.limits()), found.tried)
    except PrunescopeError as error:
        solving.refuse(opened, str(error))
        return
    solving.take(opened, wanted, solution, found)


def _followed(opened: Study) -> tuple[Begun | None, Job | None]:
    """The job that is waited for; one that another session has begun is followed too."""
    mine = {
        job.id: job
        for job in loaders.jobs_of(opened.folder)
        if job.kind == _KIND and "--verify" in job.arguments
    }
    begun: Begun | None = st.session_state.get(_begun(opened))
    if begun is None or begun.job not in mine:
        newest = next(iter(mine.values()), None)
        if newest is None or newest.state() not in ACTIVE:
            return None, None
        begun = st.session_state[_begun(opened)] = Begun(newest.id)
    return begun, mine[begun.job]


def _draft(opened: Study) -> Plan:
    return replace(session.draft(opened).plan, name="")


def _begun(opened: Study) -> str:
    return f"settling {session.draft_key(opened)}"


def _offered(opened: Study) -> str:
    return f"settled {session.draft_key(opened)}"
