"""Which units of the layer panel's group stay and leave, once the plan was measured."""

import streamlit as st

from prunescope.commands import Verify
from prunescope.dashboard.charts.unit_strip import strip_figure
from prunescope.dashboard.shared import loaders, plan_summary, rights
from prunescope.dashboard.shared.chart_config import chart_config
from prunescope.dashboard.shared.launch import pressed
from prunescope.dashboard.views.plan.layer_words import without_indices
from prunescope.dashboard.views.plan.unit_words import unit_words
from prunescope.store import removed_units
from prunescope.store.folder import StudyFolder
from prunescope.study.method import BLOCK, UNITS
from prunescope.study.plan import Choice, Plan


def show(opened: StudyFolder, plan: Plan, name: str, choice: Choice) -> None:
    """Draw the units of group ``name`` in their order; of weights and blocks say nothing."""
    if choice.granularity not in UNITS or choice.granularity == BLOCK or not choice.sparsity:
        return
    row = plan_summary.measured_row(loaders.verified(opened), plan)
    if row is None:
        return
    text = str(row["removed_units"])
    if text == removed_units.UNKNOWN:
        _measure_again(opened, plan, choice.granularity)
        return
    group = opened.manifest.group(name)
    removed = removed_units.read(text, name, group.units)
    if removed is None:  # nothing of it left by itself: too little was asked, or its block left
        return
    stored = loaders.unit_scores(opened).get((name, choice.criterion, plan.seed))
    about = unit_words(opened.manifest, name, choice, stored.scores if stored else ())
    st.plotly_chart(
        strip_figure(removed, choice.granularity, st.context.theme.type == "dark", about),
        key="layer strip", config=chart_config(opened, name, f"{choice.granularity}s removed"),
        alt=f"Which {choice.granularity}s of {name} stay and which leave, by index",
    )  # fmt: skip


def _measure_again(opened: StudyFolder, plan: Plan, granularity: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(without_indices(granularity))
        if any(job.kind == Verify.command for job in loaders.active(opened.folder)):
            return
        st.button(
            "Measure again", key="measure for indices", icon=":material/science:",
            disabled=rights.locked(),
            help=rights.why("Applies the plan once more, in a job; the numbers stay the same."),
            on_click=pressed,
            args=(opened.folder, lambda: [Verify(plan_summary.draft_file(opened, plan))]),
        )  # fmt: skip
