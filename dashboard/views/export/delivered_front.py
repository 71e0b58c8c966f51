"""Every measured way to deliver the plan, as points of one front."""

import streamlit as st

from prunescope.charts.deliveries import deliveries_figure
from prunescope.dashboard.shared import loaders
from prunescope.dashboard.shared.chart_config import chart_config
from prunescope.export.delivered import delivered
from prunescope.planning.preview import preview
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Plan
from prunescope.text.scores import words_of

_BYTES, _TIME = "Bytes", "Time"


def show(opened: StudyFolder, plan: Plan) -> None:
    """Draw raw, refitted, distilled and fine-tuned networks and their coarser files together."""
    known = loaders.measured(opened).curves
    points = delivered(
        opened, plan, lambda other: preview(opened.manifest, other, known).dense_bytes
    )
    if len(points) < 2:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader("One front", anchor=False, width="content")
        st.caption(
            "The same removal with every recovery and in every file that was measured. Filled: "
            "verified files; hollow: measured, not exported. The line joins what no other beats."
        )
        st.space("stretch")
        across = st.segmented_control(
            "Across", [_BYTES, _TIME], default=_BYTES, key="delivered across",
            label_visibility="collapsed",
        )  # fmt: skip
    baseline = opened.manifest.baseline.score if opened.manifest.baseline else None
    figure = deliveries_figure(
        points, st.context.theme.type == "dark", across == _TIME, baseline,
        words_of(opened.manifest),
    )  # fmt: skip
    st.plotly_chart(
        figure, key="delivered", config=chart_config(opened, "delivered"),
        alt="Score by bytes or time of every way to deliver the plan",
    )  # fmt: skip
