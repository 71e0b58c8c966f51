"""Files of all plans on one front: pruned, and pruned with coarser numbers."""

import streamlit as st

from prunescope.charts.deliveries import deliveries_figure
from prunescope.commands import next_steps
from prunescope.dashboard.shared import loaders, problems
from prunescope.dashboard.shared.chart_config import chart_config
from prunescope.dashboard.views.plan.front_chart import open_plan
from prunescope.export.delivered import Delivered
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Plan
from prunescope.text.scores import words_of

_KEY = "exported front"
_BYTES, _TIME = "Bytes", "Time"


def show(opened: StudyFolder, plan: Plan) -> None:
    """Draw the verified files of saved plans; without coarser ones, say how they come about.

    Args:
        opened: The study.
        plan: The draft, whose marks are larger.
    """
    names = opened.plans()
    if not names:
        return
    points = loaders.exported(opened)
    if not any(point.rounding for point in points):
        name = plan.name if plan.name in names else names[0]
        command = next_steps.export_rounded(str(opened.folder), name)
        st.caption(
            "Pruned, and pruned with numbers of 8 bits: the files of all saved plans stand here on "
            f"one front once they are made, on Export or by `{command}`."
        )
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader("Files", anchor=False, width="content")
        st.caption("Verified files of saved plans. A click opens the plan.")
        st.space("stretch")
        across = st.segmented_control(
            "Across", [_BYTES, _TIME], default=_BYTES, key="exported across",
            label_visibility="collapsed",
        )  # fmt: skip
    baseline = opened.manifest.baseline.score if opened.manifest.baseline else None
    st.plotly_chart(
        deliveries_figure(
            points, st.context.theme.type == "dark", across == _TIME, baseline,
            words_of(opened.manifest), plan.name,
        ),
        key=_KEY, on_select=lambda: _clicked(opened, points), selection_mode="points",
        config=chart_config(opened, "files"),
        alt="Score by bytes or time of the files of all saved plans",
    )  # fmt: skip


def _clicked(opened: StudyFolder, points: tuple[Delivered, ...]) -> None:
    state = st.session_state.get(_KEY)
    known = {point.plan for point in points}
    for point in state["selection"]["points"] if state else []:
        custom = point.get("customdata")
        name = custom[1] if isinstance(custom, list | tuple) and len(custom) > 1 else None
        if name in known:
            with problems.shown():
                open_plan(opened, opened.plan(name))
            return
