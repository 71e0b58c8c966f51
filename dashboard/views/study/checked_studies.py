"""Studies that were looked at and are not made yet: what was found, and what their sweeps cost."""

from pathlib import Path
from typing import Final

import streamlit as st

from prunescope.dashboard.shared import (
    job_strip,
    loaders,
    page_header,
    polling,
    problems,
    rights,
    study_jobs,
)
from prunescope.dashboard.shared.launch import start
from prunescope.dashboard.views.study.check_cost import asked, check_cost
from prunescope.jobs import ACTIVE, Job, cancel
from prunescope.statistics.proportion import score_interval
from prunescope.store.folder import StudyFolder
from prunescope.store.study_names import checked_name, checks, make_checked
from prunescope.store.trash import throw_away
from prunescope.study.blocked import blocked
from prunescope.study.soundness import concerns, summary
from prunescope.text import plain, units
from prunescope.text.blocking import blocking
from prunescope.text.numbers import counted
from prunescope.text.scores import words_of

BUDGET: Final = "10s"
"""Of the clock, for measuring the first points of each kind, from which the rest is forecast."""
_MOST: Final = 5
_EVERY: Final = 1.0
_SEEN: Final = "checks seen"


def show() -> bool:
    """Show every study of the folder that is or was looked at; return whether there is one."""
    places = checks(page_header.folder())
    drawn = [_boxed(place) for place in places]
    with polling.room("checks"):
        if any(drawn):
            polling.follow(_SEEN, _EVERY, _again)
    return bool(places)


def _again() -> None:
    """Draw the page anew: how far checks are, and what they found."""
    st.rerun()


def _boxed(place: Path) -> bool:
    with st.container(border=True, key=f"check {place.name}"), problems.shown():
        if _one(place):
            return True
    return False


def _one(place: Path) -> bool:
    """Draw one check; return whether it was drawn at work, which alone says that it is followed.

    A check that is asked again right after it was drawn may have ended in between, and nobody would
    draw it again.
    """
    st.subheader(plain.text(checked_name(place)), anchor=False)
    jobs = study_jobs.jobs_of(place)
    if not jobs:
        st.caption("Nothing was checked here.")
        _discard(place)
        return False
    job = jobs[0]
    snapshot = job.snapshot()
    if snapshot.state in ACTIVE:
        st.caption(
            f"Being checked{_by(job)}: the model is loaded, captured and evaluated, then a few "
            "points are timed. Nothing is made yet."
        )
        share = snapshot.done / snapshot.total if snapshot.total else 0.0
        st.progress(min(share, 1.0), text=job_strip.describe(job, snapshot))
        if st.button(
            "Cancel", key=f"stop {place.name}", icon=":material/stop_circle:",
            disabled=snapshot.stopping or rights.locked(), help=rights.why(),
        ):  # fmt: skip
            cancel(job)
            st.rerun()
        return True
    opened = loaders.study(place)
    if snapshot.error:
        st.error(plain.text(snapshot.error), icon=":material/error:")
        if opened is None and (printed := job.log()):
            with st.expander("What the check printed"):
                st.code(printed, language=None)
    elif opened is None:
        st.info("The check was cancelled before it found anything.", icon=":material/stop_circle:")
    if opened is not None:
        _facts(opened)
        st.markdown(plain.text(check_cost(opened, asked(job.arguments)).sentence()))
    with st.container(horizontal=True):
        if opened is not None:
            st.button(
                "Make", key=f"make {place.name}", type="primary", icon=":material/play_arrow:",
                disabled=rights.locked(), on_click=_make, args=(place, job),
                help=rights.why("Makes the study and measures what the check has left."),
            )  # fmt: skip
        _discard(place)
    return False


def _facts(opened: StudyFolder) -> None:
    """What was found: sizes, groups, dense score, and what stays for which reason."""
    manifest = opened.manifest
    prunable = sum(layer.prunable for layer in manifest.layers)
    parts = [
        f"{plain.code(manifest.reference.model)} on {plain.code(manifest.reference.data)}",
        f"{units.count(manifest.parameters)} parameters",
        f"{units.count(manifest.macs)} MACs" if manifest.macs else "MACs unknown",
        f"{prunable} of {counted(len(manifest.layers), 'layer')} can be pruned",
        f"{counted(len(manifest.removable()), 'group')} can be removed",
    ]
    st.caption(" · ".join(parts))
    if manifest.baseline is not None:
        st.markdown(_dense(opened))
    refusals = [] if manifest.capture_problem is None else [manifest.capture_problem]
    refusals += map(blocking, blocked(manifest))
    refusals += [check.sentence for check in concerns(manifest.soundness)]
    lines = [f"- {plain.text(sentence)}" for sentence in refusals[:_MOST]]
    if len(refusals) > _MOST:
        lines.append(f"- and {len(refusals) - _MOST} more, once it is made")
    if lines:
        st.markdown("\n".join(lines))
    if manifest.soundness:
        st.caption(plain.text(summary(manifest.soundness)))


def _dense(opened: StudyFolder) -> str:
    """The dense score, with its interval where it has one."""
    words, baseline = words_of(opened.manifest), opened.manifest.baseline
    assert baseline is not None
    interval = score_interval(baseline.score, baseline.samples, words.metric)
    span = (
        "" if interval is None else f" (95 %: {words.scores_between(interval.low, interval.high)})"
    )
    return (
        f"Dense {plain.text(words.name)} **{plain.text(words.score(baseline.score))}**"
        f"{span} on {counted(baseline.samples, 'validation sample')}."
    )


def _make(place: Path, job: Job) -> None:
    with problems.shown():
        request = asked(job.arguments)
        made = make_checked(place)
        page_header.choose(made.name)
        if check_cost(StudyFolder.open(made), request).left:
            start(made, request)


def _discard(place: Path) -> None:
    if st.button(
        "Discard", key=f"discard {place.name}", icon=":material/delete:",
        disabled=rights.locked(), help=rights.why("Into the trash, from where it comes back."),
    ):  # fmt: skip
        throw_away(place)
        st.rerun()


def _by(job: Job) -> str:
    return f" for {plain.text(job.owner)}" if job.owner else ""
