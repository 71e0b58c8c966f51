"""The page *Recover*: fine-tune what a plan keeps, and compare before with after."""

import pandas as pd
import streamlit as st

from prunescope.commands import FineTune
from prunescope.dashboard.charts.training import training_figure
from prunescope.dashboard.shared import (
    job_strip,
    loaders,
    page_header,
    plan_picker,
    plan_summary,
    problems,
    rights,
)
from prunescope.dashboard.shared.chart_config import chart_config
from prunescope.dashboard.shared.launch import start
from prunescope.dashboard.views.recover import distilling
from prunescope.errors import BadReference
from prunescope.jobs import ACTIVE, Job
from prunescope.recovery.training.fine_tuning_report import (
    FineTuned,
    FineTuning,
    read_result,
    result_folder,
)
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Plan
from prunescope.text import units
from prunescope.text.durations import spoken
from prunescope.text.numbers import counted
from prunescope.text.scores import words_of


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
        _form(opened, plan)
        distilling.offer(opened, plan)
    with right:
        job = _latest(opened, plan)
        if job is not None and job.state() in ACTIVE:
            st.fragment(_live, run_every=job_strip.FAST)(opened, job)
        else:
            _result(opened, plan)


def _form(opened: StudyFolder, plan: Plan) -> None:
    usual = FineTuning()
    with st.form("finetune", border=True):
        st.markdown("**Fine-tuning** · what is removed stays removed")
        epochs = st.number_input("Epochs", 1, 1000, usual.epochs, key="ft epochs")
        rate = st.number_input(
            "Peak learning rate", 0.0, 10.0, usual.rate, format="%.4f", step=0.001, key="ft rate",
            placeholder="chosen by a range test",
            help="Reached after the warm-up, falling to 0 along a cosine. Empty: a short run in "
            "which the rate climbs chooses it.",
        )  # fmt: skip
        batch = st.number_input("Samples per step", 2, 4096, usual.batch, key="ft batch")
        distillation = st.slider(
            "Distillation", 0.0, 1.0, usual.distillation, 0.05, key="ft distillation",
            help="0 trains on labels only, 1 on the dense model's outputs only.",
        )  # fmt: skip
        temperature = st.number_input(
            "Temperature", 0.1, 100.0, usual.temperature, 0.5, key="ft temperature",
            help="Of the distillation: logits are divided by it.",
        )  # fmt: skip
        go = st.form_submit_button(
            "Fine-tune", type="primary", icon=":material/play_arrow:", disabled=rights.locked(),
            help=rights.why(),
        )  # fmt: skip
    samples = opened.manifest.splits.get("calibration", 0)
    st.caption(
        f"Trains on the calibration split ({units.count(samples)} samples) and keeps the epoch "
        "with the best validation score. Cancelling keeps the best so far, and "
        "the same settings go on from there."
    )
    if go:
        settings = FineTuning(
            epochs=epochs, rate=rate, batch=batch, distillation=distillation,
            temperature=temperature,
        )  # fmt: skip
        start(
            opened.folder,
            FineTune(
                plan_summary.draft_file(opened, plan), settings.epochs, settings.rate,
                settings.batch, settings.distillation, settings.temperature,
            ),
        )  # fmt: skip
        st.rerun()


def _latest(opened: StudyFolder, plan: Plan) -> Job | None:
    file = plan_summary.draft_file(opened, plan)
    for job in loaders.jobs_of(opened.folder):
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
        _chart(opened, frame_, None, "live training")
        st.caption(job_strip.describe(job, snapshot))


def _result(opened: StudyFolder, plan: Plan) -> None:
    try:
        result = read_result(result_folder(opened.folder, plan))
    except BadReference:
        st.info(
            "This plan is not fine-tuned yet. Loss and score appear here while it trains, before "
            "and after beside each other when it ends.",
            icon=":material/healing:",
        )
        return
    _sides(opened, result)
    curve = pd.DataFrame(
        [{"step": x.step, "loss": x.loss, "score": x.score} for x in result.curve]
    ).astype(float)
    _chart(opened, curve, result, "training")
    settings = result.settings
    st.caption(
        f"{settings.epochs} epochs at a peak rate of {settings.peak:g}, {settings.batch} samples a "
        f"step, distillation {settings.distillation:g} at temperature {settings.temperature:g}; "
        f"{spoken(result.seconds)} on {counted(result.threads, 'thread')}. "
        f"{result.happenings()} {result.ending_sentence()}"
    )


def _sides(opened: StudyFolder, result: FineTuned) -> None:
    side, words = result.validation, words_of(opened.manifest)
    lost = words.loss_word
    with st.container(horizontal=True):
        st.metric("Dense", words.score(side.dense_score), border=True, height="stretch")
        st.metric(
            "Pruned", words.score(side.before.score),
            words.delta(side.before.drop.mean), words.delta_colour, border=True, height="stretch",
            help=f"{lost.capitalize()} {words.span(side.before.drop)}: the 95 % interval of the "
            f"mean {lost}, over samples like these.",
        )  # fmt: skip
        st.metric(
            "Fine-tuned", words.score(side.after.score),
            words.delta(side.after.drop.mean), words.delta_colour, border=True, height="stretch",
            help=f"{lost.capitalize()} {words.span(side.after.drop)}: the 95 % interval of the "
            f"mean {lost}, over samples like these. Chosen as the best epoch, so slightly "
            "optimistic.",
        )  # fmt: skip
        st.metric(
            "Gained", words.gained(side.gain.mean), border=True, height="stretch",
            help=f"{words.gain_span(side.gain)}, the 95 % paired "
            " interval of the mean gain, from "
            f"{counted(side.before.samples, 'validation sample')}.",
        )  # fmt: skip


def _chart(opened: StudyFolder, values: pd.DataFrame, result: FineTuned | None, key: str) -> None:
    baseline = opened.manifest.baseline.score if opened.manifest.baseline else None
    before = result.before.score if result else None
    figure = training_figure(
        values, st.context.theme.type == "dark", baseline, before, words_of(opened.manifest)
    )
    st.plotly_chart(
        figure,
        key=key,
        config=chart_config(opened, "fine-tuning"),
        alt="Loss and score while fine-tuning",
    )
