"""The page *Plan*: how much of each layer to remove, and what that costs."""

import streamlit as st

from analysis.curves import subjects
from analysis.store.folder import Study
from dashboard import frame, loaders, session
from dashboard.tables import granularities
from dashboard.views.parts import (
    bulk,
    clock,
    front,
    goal,
    outlook,
    painter,
    plans,
    ratios,
    reasons,
    rest,
)
from dashboard.views.parts.words import WORDS


def page() -> None:
    """Show the goal, the draft of the chosen study's plan, and what it keeps and costs."""
    opened = frame.required()
    if opened is None:
        return
    if not subjects(opened.manifest):
        st.info("No layer of this model can be pruned; the Study page says why.")
        return
    known = loaders.measured(opened)
    plans.toolbar(opened)
    asked = goal.show(opened, known)
    plan = session.draft(opened).plan
    left, right = st.columns([11, 6], gap="medium")
    with right:
        guess = outlook.show(opened, known, plan)
        rest.follow(opened, plan)
        clock.show(opened, plan, asked.setting)
    with left:
        granularity = _granularity(opened)
        shown = bulk.toolbar(opened, known, granularity)
        painter.show(opened, known, shown, granularity)
        ratios.table(opened, known, shown, granularity)
        front.show(opened, asked, guess)
        reasons.show(opened, known, asked)
    outlook.history(opened, known)


def _granularity(opened: Study) -> str:
    offered = granularities(opened.manifest)
    if len(offered) == 1:
        return offered[0]
    if st.session_state.get(session.GRANULARITY) not in offered:  # another study's
        st.session_state[session.GRANULARITY] = offered[0]
    chosen = st.segmented_control(
        "What leaves", offered, key=session.GRANULARITY, required=True,
        format_func=lambda name: WORDS.get(name, name), label_visibility="collapsed",
        persist_state="session",
    )  # fmt: skip
    return str(chosen)
