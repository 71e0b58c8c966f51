"""A plan that rests is measured by itself, once, one at a time."""

import time
from typing import Final

import streamlit as st

from prunescope.commands import Verify
from prunescope.dashboard.shared import loaders, plan_summary, polling, rights, session, study_jobs
from prunescope.dashboard.shared.launch import start
from prunescope.dashboard.views.plan.auto_measure_rule import Rest, tried
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Plan

_TICK: Final = 1.0
_REST: Final = "plan rest"
_SWITCH: Final = "auto measure"
_ASKED: Final = "plans measured by themselves"


def follow(opened: StudyFolder, plan: Plan) -> None:
    """Show the switch, and start the measurement of ``plan`` once it has rested for a while."""
    on = st.toggle(
        "Measure when it rests", value=True, key=_SWITCH, persist_state="session",
        disabled=rights.locked(),
        help=rights.why(
            "A plan that stays as it is for four seconds is really applied and evaluated, in a "
            "job. The measured score appears here and corrects later predictions."
        ),
    )  # fmt: skip
    with polling.room("plan"):
        if on and _wanted(opened, plan):
            polling.follow(_REST, _TICK, lambda: look(opened, time.monotonic()))


def _wanted(opened: StudyFolder, plan: Plan) -> bool:
    """Whether ``plan`` is one to measure, and nobody has."""
    if not plan.active() or rights.locked():
        return False
    if plan_summary.measured_row(loaders.verified(opened), plan) is not None:
        return False
    return not tried(study_jobs.jobs_of(opened.folder), plan_summary.draft_file(opened, plan))


def look(opened: StudyFolder, now: float) -> None:
    """Start the measurement of the draft when it has rested; then the page runs anew."""
    plan = session.draft(opened).plan
    rest: Rest = st.session_state.get(_REST, Rest()).seen(plan.digest, now)
    st.session_state[_REST] = rest
    if not rest.over(now) or study_jobs.running(opened.folder) is not None:
        return
    file = plan_summary.draft_file(opened, plan)
    asked: frozenset[str] = st.session_state.get(_ASKED, frozenset())
    if file not in asked and not tried(study_jobs.jobs_of(opened.folder), file):
        st.session_state[_ASKED] = asked | {file}  # once, also where no job can be started
        start(opened.folder, Verify(file))
        st.rerun()
