"""The offer to measure a plan once more, for what was not stored with it the first time."""

import streamlit as st

from prunescope.commands import Verify
from prunescope.dashboard.shared import plan_summary, rights, study_jobs
from prunescope.dashboard.shared.launch import pressed
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Plan


def offer(opened: StudyFolder, plan: Plan, why: str, key: str) -> None:
    """Say what was not stored of a measured plan, and offer to measure it once more."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(why)
        if any(job.kind == Verify.command for job in study_jobs.active(opened.folder)):
            return
        st.button(
            "Measure again", key=key, icon=":material/science:", disabled=rights.locked(),
            help=rights.why("Applies the plan once more, in a job; the numbers stay the same."),
            on_click=pressed,
            args=(opened.folder, lambda: [Verify(plan_summary.draft_file(opened, plan))]),
        )  # fmt: skip
