"""The page *Plan*: how much of each layer to remove, and what that costs."""

import streamlit as st

from analysis.curves import subjects
from dashboard import frame, loaders, session
from dashboard.views.parts import bulk, outlook, plans, ratios


def page() -> None:
    """Show the draft of the chosen study's plan, beside what it keeps and costs."""
    opened = frame.required()
    if opened is None:
        return
    if not subjects(opened.manifest):
        st.info("No layer of this model can be pruned; the Study page says why.")
        return
    known = loaders.measured(opened)
    plans.toolbar(opened)
    left, right = st.columns([11, 6], gap="medium")
    with left:
        scope = bulk.toolbar(opened, known)
        ratios.table(opened, known, scope)
    with right:
        outlook.show(opened, known, session.draft(opened).plan)
    outlook.history(opened, known)
