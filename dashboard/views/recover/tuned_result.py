"""What fine-tuning gave: dense, pruned and tuned, the curve, the rounds, and all schedules."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from prunescope.charts.schedules import rounds_figure, schedules_figure
from prunescope.dashboard.charts.training import training_figure
from prunescope.dashboard.shared import take_away
from prunescope.dashboard.shared.chart_config import chart_config
from prunescope.dashboard.shared.explained import meanings
from prunescope.dashboard.tables.rounds import rounds_table
from prunescope.recovery.training.compare_schedules import compared
from prunescope.recovery.training.fine_tuning_report import FineTuned, results_of
from prunescope.recovery.training.fine_tuning_settings import Schedule
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Plan
from prunescope.text import plain
from prunescope.text.durations import spoken
from prunescope.text.glossary import GLOSSARY
from prunescope.text.numbers import counted
from prunescope.text.scores import words_of


def show(opened: StudyFolder, plan: Plan) -> None:
    """Show the results of ``plan``: at once, in rounds, re-solved, or all beside each other."""
    known = results_of(opened.folder, plan)
    if not known:
        st.info(
            "This plan is not fine-tuned yet. Loss and score appear here while it trains, before "
            "and after beside each other when it ends.",
            icon=":material/healing:",
        )
        return
    best = max(known, key=lambda name: known[name].after.score)
    chosen = best
    if len(known) > 1:
        picked = st.segmented_control(
            "Schedule", list(known), default=best, key=f"schedule {plan.digest}",
            format_func=str.capitalize,
            help="The one with the best validation score is exported.",
        )  # fmt: skip
        chosen = picked or best
    result = known[chosen]
    _sides(opened, result)
    curve = pd.DataFrame(
        [{"step": x.step, "loss": x.loss, "score": x.score} for x in result.curve]
    ).astype(float)
    chart(opened, curve, result, "training")
    _rounds(opened, result)
    settings = result.settings
    rate = "" if result.gradual else f" at a peak rate of {settings.peak:g}"
    st.caption(
        plain.text(
            f"{counted(settings.epochs, 'epoch')}{rate}, "
            f"{settings.batch} samples a batch, distillation {settings.distillation:g} at "
            f"temperature {settings.temperature:g}; {spoken(result.seconds)} on "
            f"{counted(result.threads, 'thread')}. {result.happenings()} "
            f"{result.ending_sentence()}"
        )
    )
    if len(known) > 1:
        _beside(opened, known)


def chart(opened: StudyFolder, values: pd.DataFrame, result: FineTuned | None, key: str) -> None:
    """Show loss and score by step.

    Args:
        opened: The study.
        values: As ``training_figure`` takes them.
        result: What they are of; None while it runs.
        key: Of the chart.
    """
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


def _rounds(opened: StudyFolder, result: FineTuned) -> None:
    if not result.gradual:
        return
    st.markdown(
        "**Rounds** · size and score of each",
        help=meanings(rounds_table(result), {"Pruned": "Score before the round's training."}),
    )
    baseline = opened.manifest.baseline.score if opened.manifest.baseline else None
    figure = rounds_figure(
        {result.schedule: result}, st.context.theme.type == "dark", opened.manifest.macs,
        baseline, words_of(opened.manifest),
    )  # fmt: skip
    st.plotly_chart(
        figure, key="rounds", config=chart_config(opened, "rounds"),
        alt="Score by size, round by round",
    )  # fmt: skip
    if result.settings.resolve:
        st.caption(
            "Dotted: the front that each round was solved from, predicted of the network as it was "
            "tuned by then, untrained. Hollow: pruned, before its training."
        )
    take_away.table(opened, rounds_table(result), "Rounds")
    st.table(rounds_table(result), hide_index=True)


def _beside(opened: StudyFolder, known: Mapping[Schedule, FineTuned]) -> None:
    """All schedules by training time."""
    st.markdown("**Schedules**, by training time")
    baseline = opened.manifest.baseline.score if opened.manifest.baseline else None
    figure = schedules_figure(
        known, st.context.theme.type == "dark", baseline, words_of(opened.manifest)
    )
    st.plotly_chart(
        figure, key="schedules", config=chart_config(opened, "schedules"),
        alt="Score by training time, schedule by schedule",
    )  # fmt: skip
    st.caption(
        f"{plain.text(compared(known.values()) or '')} Before the last round the network of the "
        "rounds is still larger than the plan: dotted. Scores chose the best epoch, so they are "
        "slightly optimistic."
    )


def _sides(opened: StudyFolder, result: FineTuned) -> None:
    side, words = result.validation, words_of(opened.manifest)
    lost = words.loss_word
    with st.container(horizontal=True):
        st.metric(
            "Dense", words.score(side.dense_score), border=True, height="stretch",
            help=GLOSSARY["dense"],
        )  # fmt: skip
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
