"""The page *Plan*: how much of each layer to remove, and what that costs."""

import streamlit as st

from prunescope.curves.curve import subjects
from prunescope.dashboard.shared import (
    loaders,
    page_header,
    plan_summary,
    predicted_time,
    session,
    view,
)
from prunescope.dashboard.shared.loaders import StudyMeasurements
from prunescope.dashboard.shared.table_style import WORDS
from prunescope.dashboard.tables.plan import family, granularities
from prunescope.dashboard.views.plan import (
    bulk_edits,
    exported_front,
    front_chart,
    goal_panel,
    head_line,
    layer_panel,
    measure_at_rest,
    network_panel,
    painter,
    reasons,
    saved_plans,
    sparsity_table,
)
from prunescope.store.folder import StudyFolder


def page() -> None:
    """Show the goal, the draft of the chosen study's plan, and what it keeps and costs."""
    opened = page_header.required()
    if opened is None:
        return
    if not subjects(opened.manifest):
        st.info("No layer of this model can be pruned; the Study page says why.")
        return
    known = loaders.measured(opened)
    painter.take(opened)
    plan = session.draft(opened).plan
    guess = plan_summary.expected(opened, known, plan)
    head_line.show(opened, known, plan, guess)
    saved_plans.toolbar(opened)
    asked = goal_panel.show(opened, known)
    left, right = st.columns([2, 1], gap="medium")
    with right:
        plan_summary.show(opened, known, plan, guess)
        measure_at_rest.follow(opened, plan)
        predicted_time.show(opened, plan, asked.setting)
    with left:
        granularity = _granularity(opened, known)
        shown = bulk_edits.toolbar(opened, known, granularity)
        with st.container():
            painter.show(opened, known, shown, granularity)
        with st.container():
            layer_panel.show(opened, known, asked, shown, granularity)
    with st.container():  # as wide as the page: none is cut
        sparsity_table.table(opened, known, shown, granularity)
    with st.container():
        front_chart.show(opened, asked, guess, layer_panel.subject(opened, shown))
    with st.container():
        exported_front.show(opened, plan)
    with st.container():
        reasons.show(opened, known, asked)
    network_panel.show(opened, known)
    plan_summary.history(opened)
    head_line.shapes(opened)


def _granularity(opened: StudyFolder, known: StudyMeasurements) -> str:
    offered = granularities(opened.manifest)
    if len(offered) == 1:
        return offered[0]
    measured = {family(key.method.granularity) for key in known.curves}
    first = next((name for name in offered if name in measured), offered[0])
    with st.container(horizontal=True, vertical_alignment="center", key="granularity row"):
        chosen = st.segmented_control(
            "What leaves", offered, required=True,
            key=view.kept(session.GRANULARITY, first, view.one_of(offered)),
            format_func=lambda name: WORDS.get(name, name), label_visibility="collapsed",
            persist_state="session",
        )  # fmt: skip
        st.space("stretch")
        painter.together()
    return str(chosen)
