"""Which units of the layer panel's group stay and leave, once the plan was measured."""

import streamlit as st

from prunescope.dashboard.charts.unit_strip import strip_figure
from prunescope.dashboard.shared import loaders, measure_again, plan_summary
from prunescope.dashboard.shared.chart_config import chart_config
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
        said = without_indices(choice.granularity)
        measure_again.offer(opened, plan, said, "measure for indices")
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
