"""The page *Recover*: fine-tune what a plan keeps, and compare before with after."""

import pandas as pd
import streamlit as st

from prunescope.commands import FineTune
from prunescope.dashboard.shared import (
    job_strip,
    page_header,
    plan_picker,
    plan_summary,
    problems,
    study_jobs,
)
from prunescope.dashboard.views.recover import distilling, tuned_result, tuning_form
from prunescope.jobs import ACTIVE, Job
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Plan


def page() -> None:
    """Show fine-tuning of a plan of the chosen study."""
    opened = page_header.required()
    if opened is None:
        return
    plan = plan_picker.plan(opened, "recover plan")
    if plan is None:
        return
    left, right = st.columns([4, 8], gap="large")
    with left:
        tuning_form.show(opened, plan)
        distilling.offer(opened, plan)
    with right:
        job = _latest(opened, plan)
        if job is not None and job.state() in ACTIVE:
            st.fragment(_live, run_every=job_strip.FAST)(opened, job)
        else:
            tuned_result.show(opened, plan)


def _latest(opened: StudyFolder, plan: Plan) -> Job | None:
    file = plan_summary.draft_file(opened, plan)
    for job in study_jobs.jobs_of(opened.folder):
        if job.kind == FineTune.command and job.names(file):
            return job
    return None


def _live(opened: StudyFolder, job: Job) -> None:
    with problems.shown():
        snapshot = job.snapshot()
        if not snapshot.values:
            st.caption("Loading the model and measuring it before the first step…")
            return
        frame_ = pd.DataFrame(list(snapshot.values)).rename(columns={"accuracy": "score"})
        tuned_result.chart(opened, frame_, None, "live training")
        st.caption(job_strip.describe(job, snapshot))
