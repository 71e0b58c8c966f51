"""The jobs of a study: what ran, how it ended, and what it said."""

from pathlib import Path

import pandas as pd
import streamlit as st

from analysis.jobs import restart
from dashboard import loaders, units, watch
from dashboard.views.parts.words import height


def show(folder: Path | None) -> None:
    """Show the latest jobs of the study in ``folder``, errors with their sentence."""
    if folder is None:
        return
    jobs = loaders.jobs_of(folder)[:30]
    if not jobs:
        return
    st.subheader("Jobs", anchor=False)
    snapshots = [(job, job.snapshot()) for job in jobs]
    last, state = snapshots[0]
    if state.error:
        st.error(f"{watch.title(last)}: {state.error}", icon=":material/error:")
        if st.button("Start it again", key="restart job", icon=":material/replay:"):
            restart(last)
            st.rerun()
        output = last.log()
        if output:
            with st.expander("What it printed"):
                st.code(output, language=None)
    rows = [
        {
            "Job": job.id,
            "State": snapshot.state,
            "Begun": pd.Timestamp(job.created, unit="s"),
            "Took": units.seconds(snapshot.seconds),
            "Steps": f"{snapshot.done:,} of {snapshot.total:,}" if snapshot.total else "–",
            "Last word": snapshot.error or snapshot.message,
        }
        for job, snapshot in snapshots
    ]
    st.dataframe(
        pd.DataFrame(rows), hide_index=True, height=height(len(rows), 260),
        column_config={
            "Begun": st.column_config.DatetimeColumn(format="calendar"),
            "Last word": st.column_config.TextColumn(width="large"),
        },
        alt="Jobs of this study, newest first",
    )  # fmt: skip
