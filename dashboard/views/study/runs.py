"""The jobs of a study: what ran, how it ended, what it said, and to start it again."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pandas as pd
import streamlit as st

from prunescope.commands import Sweep
from prunescope.dashboard.shared import job_strip, rights, study_jobs, take_away
from prunescope.dashboard.shared.explained import explained
from prunescope.dashboard.shared.launch import restart
from prunescope.dashboard.shared.table_style import height, text_width
from prunescope.jobs import ACTIVE, UNKNOWN, Job, Snapshot
from prunescope.store.folder import StudyFolder
from prunescope.text import plain
from prunescope.text.durations import spoken

_LISTED: Final = 30
_GOES_ON: Final = Sweep.command
"""What is finished of it is kept, so that the same command goes on from there."""


def show(folder: Path | None, opened: StudyFolder | None = None) -> None:
    """Show the latest jobs of the study in ``folder``, errors with their sentence.

    Args:
        folder: Also of a study that failed before it was made.
        opened: The study, to call the table's file after it; None where there is none yet.
    """
    if folder is None:
        return
    jobs = study_jobs.jobs_of(folder)[:_LISTED]
    if not jobs:
        return
    st.subheader("Jobs", anchor=False)
    snapshots = [(job, job.snapshot()) for job in jobs]
    for job, snapshot in unfinished(snapshots):
        _offer(job, snapshot)
    rows = [
        {
            "Job": job.id,
            "State": "paused" if snapshot.paused else snapshot.state,
            "By": job.owner or "–",
            "Begun": pd.Timestamp(job.created, unit="s"),
            "Took": spoken(snapshot.seconds),
            "Done": job_strip.steps(snapshot) or "–",
            "Last word": snapshot.error or snapshot.message,
        }
        for job, snapshot in snapshots
    ]
    table = pd.DataFrame(rows)
    if opened is not None:
        take_away.table(opened, table, "Jobs")
    st.dataframe(
        table, hide_index=True, height=height(len(rows), 260), placeholder="–",
        column_config=explained(rows[0], {
            "Begun": st.column_config.DatetimeColumn(format="calendar"),
            "Done": st.column_config.TextColumn(width=text_width(table["Done"], "Done", 320)),
            "Last word": st.column_config.TextColumn(width="large"),
        }),
        alt="Jobs of this study, newest first",
    )  # fmt: skip


def unfinished(snapshots: Sequence[tuple[Job, Snapshot]]) -> list[tuple[Job, Snapshot]]:
    """Return the jobs, newest first, that ended before their work did and may be started again.

    Of jobs that were asked to do the same, the newest speaks for all; and only those are offered
    after which none ended well, since then somebody has gone on with other things.

    Args:
        snapshots: Newest first.
    """
    found: list[tuple[Job, Snapshot]] = []
    seen: set[tuple[str, ...]] = set()
    for job, snapshot in snapshots:
        if snapshot.state == "done":
            break
        if snapshot.state not in ACTIVE and job.arguments not in seen:
            found.append((job, snapshot))
        seen.add(job.arguments)
    return found


def _offer(job: Job, snapshot: Snapshot) -> None:
    """Say how a job ended, with a button to start it again."""
    again = "Go on" if job.kind == _GOES_ON else "Start again"
    with st.container(horizontal=True, vertical_alignment="center", key=f"ended {job.id}"):
        if snapshot.error:
            st.error(
                plain.text(f"{job_strip.title(job)}: {snapshot.error}"), icon=":material/error:"
            )
        else:
            kept = " What it measured is kept." if job.kind == _GOES_ON else ""
            st.info(
                f"{plain.text(job_strip.title(job))} was cancelled.{kept}",
                icon=":material/stop_circle:",
            )
        if st.button(
            again, key=f"again {job.id}", icon=":material/replay:", width="content",
            disabled=rights.locked(), help=rights.why(),
        ):  # fmt: skip
            restart(job)
            st.rerun()
        if snapshot.state == UNKNOWN and st.button(
            "Ask to stop", key=f"ask {job.id}", icon=":material/stop_circle:", width="content",
            disabled=snapshot.stopping or rights.locked(),
            help=rights.why("Where it runs, it sees that by itself; what is finished is kept."),
        ):  # fmt: skip
            job.cancel()
            st.rerun()
    output = job.log() if snapshot.error else ""
    if output:
        with st.expander(f"What {job.id} printed"):
            st.code(output, language=None)
