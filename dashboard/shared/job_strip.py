"""Jobs as they run: progress, remaining time, cancel. Polls the study's folder."""

import time
from pathlib import Path
from typing import Final

import streamlit as st

from prunescope.dashboard.shared import loaders, polling, problems, rights, study_jobs, study_stamps
from prunescope.jobs import ACTIVE, Job, Snapshot, cancel, press, queue
from prunescope.text import plain, units
from prunescope.text.durations import spoken
from prunescope.text.numbers import counted, exact
from prunescope.text.sweep_costs import work_done

EAGER: Final = 0.3
FAST: Final = 1.0
SLOW: Final = 10.0
"""Seconds between two looks: until a first point, while a job runs, and while nothing does. A look
of somebody who only watches brings 1.8 kB and takes 12 ms of a processor."""
_WORDS: Final = {
    "sweep": "Sweep", "verify": "Measuring a plan", "finetune": "Fine-tuning",
    "export": "Export", "time": "Timing", "calibrate": "Measuring combinations",
    "plan": "Measuring the best few", "pareto": "Sweeping the front",
}  # fmt: skip
_PAUSES: Final = (0.5, 4.0)
"""Least and most seconds between two looks at points that arrive."""
_PATIENCE: Final = 0.1
"""Share of a job's running time that its points may wait: the first ones are drawn at once."""
_COUNTED: Final = 10_000
"""Steps up to which people are told the count."""
_MANY: Final = 2
"""Waiting jobs from which on they share one line."""
_SEEN: Final = "jobs seen"


def strip(folder: Path, live: bool) -> None:
    """Show the study's active jobs, and rerun the page when one begins or ends.

    Args:
        folder: Of the study.
        live: Rerun as well when new measurements arrive.
    """
    active = study_jobs.running(folder) is not None
    study = loaders.study(folder)
    nothing = study is None or not study_stamps.any_measured(study)
    every = (EAGER if live and nothing else FAST) if active else SLOW
    polling.start(_SEEN)
    place = polling.room("jobs")
    with st.bottom if active else place:  # where a job that begins or ends moves nothing
        st.fragment(_strip, run_every=every)(folder, live)


def title(job: Job) -> str:
    """Return what a job does, for people."""
    return _WORDS.get(job.kind, job.kind.capitalize())


def _strip(folder: Path, live: bool) -> None:
    page = polling.of_page(_SEEN)
    with problems.shown():
        jobs = study_jobs.jobs_of(folder)[:20]
        snapshots = [(job, job.snapshot()) for job in jobs if job.state() in ACTIVE]
        for job, snapshot in snapshots:
            if snapshot.stopping and not rights.locked():  # whoever asked may be gone
                press(job)
        waiting = [pair for pair in reversed(snapshots) if pair[1].state == "waiting"]
        for job, snapshot in reversed(snapshots):
            if len(waiting) < _MANY or snapshot.state != "waiting":
                _row(job, snapshot)
        if len(waiting) >= _MANY:
            _queue(waiting)
        if waiting:
            _line(folder)
        age = min((s.seconds for _, s in snapshots if s.state == "running"), default=0.0)
        pause = min(max(_PATIENCE * age, _PAUSES[0]), _PAUSES[1])
        states = tuple((job.id, job.state()) for job in jobs)
        _rerun_on_change(folder, live, states, pause, page)


def _line(folder: Path) -> None:
    """Say how long the queue is in which the jobs of all studies of this folder stand."""
    line = queue(folder.parent)
    st.caption(
        f":material/pending: Of all studies here, {counted(len(line.running), 'job')} at work and "
        f"{exact(len(line.waiting))} waiting."
    )


def _queue(waiting: list[tuple[Job, Snapshot]]) -> None:
    """One line for jobs that only wait, with each behind it."""
    with st.container(horizontal=True, vertical_alignment="center", key="jobs queue"):
        st.caption(f"Then: {', '.join(plain.text(title(job)) for job, _ in waiting)}")
        with st.popover("Waiting jobs", icon=":material/pending:"):
            for job, snapshot in waiting:
                _row(job, snapshot)


def _row(job: Job, snapshot: Snapshot) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"job {job.folder}"):
        share = snapshot.done / snapshot.total if snapshot.total else 0.0
        st.progress(min(share, 1.0), text=describe(job, snapshot))
        _hold(job, snapshot)
        if st.button(
            "Cancel", key=f"cancel {job.folder}", disabled=snapshot.stopping or rights.locked(),
            icon=":material/stop_circle:", help=rights.why("What is finished is kept."),
        ):  # fmt: skip
            cancel(job)
            st.rerun()


def _hold(job: Job, snapshot: Snapshot) -> None:
    """A button that pauses the job, or lets it go on; only these ask often enough."""
    if job.kind not in ("sweep", "finetune"):
        return
    word, icon = ("Go on", "play") if snapshot.paused else ("Pause", "pause")
    if st.button(
        word, key=f"hold {job.folder}", icon=f":material/{icon}_circle:",
        disabled=snapshot.stopping or snapshot.state == "waiting" or rights.locked(),
        help=rights.why("What is paused goes on where it was."),
    ):  # fmt: skip
        (job.resume if snapshot.paused else job.pause)()
        st.rerun()


def describe(job: Job, snapshot: Snapshot) -> str:
    """Return one line on how a job stands."""
    parts = [f"**{plain.text(title(job))}**"]
    if job.owner:
        parts.append(f"by {plain.text(job.owner)}")
    if snapshot.stopping:
        parts.append("stopping")
    elif snapshot.paused:
        parts.append("paused")
    elif snapshot.state == "waiting":
        parts.append("waits its turn")
    told = steps(snapshot)
    if told:
        parts.append(told)
    if snapshot.seconds and snapshot.state != "waiting":
        parts.append(spoken(snapshot.seconds))
    if snapshot.remaining is not None and snapshot.total > 1:
        parts.append(f"about {spoken(snapshot.remaining)} left")
    if snapshot.message:
        parts.append(plain.text(snapshot.message))
    return " · ".join(parts)


def steps(snapshot: Snapshot) -> str:
    """Return how much of its work a job has done: a sweep in points and multiply-accumulates."""
    figures = snapshot.figures
    if figures:
        return work_done(figures)
    if snapshot.total > _COUNTED:
        return units.percent(snapshot.done / snapshot.total)
    return f"{exact(snapshot.done)} of {exact(snapshot.total)}" if snapshot.total > 1 else ""


def _rerun_on_change(
    folder: Path, live: bool, states: tuple[tuple[str, str], ...], pause: float, page: bool
) -> None:
    """Rerun the page when a job or the study changed, for points alone after a pause.

    Reading all points again takes its time. While the page runs, it is about to read everything.
    """
    study = loaders.study(folder)
    now = (states, study is not None, study_stamps.signature(study) if live and study else None)
    key = f"{_SEEN} {folder} {live}"
    before, since = st.session_state.get(key, (None, 0.0))
    waited = time.monotonic() - since
    same = before is not None and before[:2] == now[:2]
    if not page and same and waited < pause and any(before[2] or ()):
        return
    if before != now:
        st.session_state[key] = (now, time.monotonic())
        if not page and before is not None:
            st.rerun()
